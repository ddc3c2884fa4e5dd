import type { RememberedUser } from "../../../src/core/login-prompt.ts";
import {
  AuthorizationError,
  ConfigurationError,
  PopupBlockedError,
  type AuthState,
  type User,
} from "../../../src/index.ts";
import type { DeviceStatus } from "../../../src/core/device-prompt.ts";
import type { ButtonAuth } from "../../../src/ui.ts";

const ADA: User = {
  sub: "ada",
  name: "Ada Lovelace",
  email: "ada@example.com",
  claims: { sub: "ada" },
};

const NAMES = [
  "Ada Lovelace",
  "Grace Hopper",
  "Mary Jackson",
  "José Núñez",
  "Emmy Noether",
  "Radia Perlman",
  "Alan Turing",
  "Katherine Johnson",
  "Edsger Dijkstra",
  "Hedy Lamarr",
  "Donald Knuth",
  "Barbara Liskov",
];

function users(count: number): RememberedUser[] {
  return NAMES.slice(0, count).map((name, i) => ({
    sub: `person-${i}`,
    name,
    email: `${name.split(" ")[0]!.replace("é", "e").toLowerCase()}@example.com`,
    // Not https, so an element must not request it. The https picture does not exist.
    ...(i === 1 && { picture: "http://127.0.0.1:9/grace.png" }),
    ...(i === 3 && { picture: "https://127.0.0.1:9/jose.png" }),
    lastUsedAt: 1_000 - i,
    needsLogin: i === 1,
  }));
}

const UNAVAILABLE = new ConfigurationError(
  "secure context",
  "this page was not loaded over https",
  "Serve the page over https.",
);

const STATES: Readonly<Record<AuthState["status"], AuthState>> = {
  loading: { status: "loading", since: 0 },
  unavailable: { status: "unavailable", error: UNAVAILABLE, since: 0 },
  anonymous: { status: "anonymous", reason: "none", since: 0 },
  authenticating: { status: "authenticating", since: 0 },
  authenticated: {
    status: "authenticated",
    reason: "stored",
    since: 0,
    user: ADA,
    freshness: "fresh",
    token: { scope: [], expiresAt: 0, origin: "stored", isRenewable: true },
  },
  expired: { status: "expired", reason: "session_ended", user: ADA, since: 0 },
};

const CODE_LIFETIME_MS = 900_000;

/** An `Auth` that stays in this state until `login()` or `logout()` is called. */
export function button(status: AuthState["status"]): ButtonAuth {
  const listeners = new Set<() => void>();
  const navigate = (next: AuthState["status"]) => {
    auth.state = STATES[next];
    for (const listener of listeners) listener();
  };
  const auth = {
    state: STATES[status],
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    login: async () => {
      if (status === "unavailable") throw UNAVAILABLE;
      navigate("authenticated");
      return ADA;
    },
    logout: async () => {
      navigate("anonymous");
      return { server: "told" as const };
    },
  };
  return auth;
}

function choose(count: number, error?: AuthorizationError) {
  return ({ signal }: AbortController) =>
    document
      .querySelector("latchkey-users")!
      .chooseUser(users(count), { signal, current: "person-0", ...(error && { error }) });
}

const REFUSED = new AuthorizationError({ error: "invalid_request" }, "Log in again.");

function device(status: DeviceStatus, remainingMs = 754_000) {
  return (controller: AbortController) => {
    // Some of the time has passed, so that the ring shows a part of a circle.
    const { now } = Date;
    Date.now = () => now() + remainingMs - CODE_LIFETIME_MS;
    const shown = document.querySelector("latchkey-device")!.showCode(
      {
        userCode: "WDJB-MJHT",
        verificationUri: "https://id.example.com/device",
        verificationUriComplete: "https://id.example.com/device?user_code=WDJB-MJHT",
        expiresAt: now() + remainingMs,
      },
      {
        signal: controller.signal,
        subscribe: (listener) => {
          listener(status);
          return () => {};
        },
      },
    );
    Date.now = now;
    if (status !== "waiting" && status !== "retrying") queueMicrotask(() => controller.abort());
    return shown;
  };
}

function show(status: AuthState["status"]) {
  return () => {
    document.querySelector("latchkey-button")!.auth = button(status);
  };
}

/** The name of a scene. */
export type Scene = keyof typeof scenes;

/** Each scene puts one element into one state. */
export const scenes = {
  users: choose(3),
  search: choose(12),
  refused: choose(3, REFUSED),
  remember: ({ signal }: AbortController) =>
    document.querySelector("latchkey-remember")!.shouldRemember(ADA, { signal }),
  waiting: device("waiting"),
  retrying: device("retrying", 43_000),
  approved: device("approved"),
  denied: device("denied"),
  expired: device("expired"),
  loading: show("loading"),
  anonymous: show("anonymous"),
  authenticating: show("authenticating"),
  authenticated: show("authenticated"),
  failed: () => {
    document.querySelector("latchkey-button")!.auth = {
      ...button("anonymous"),
      state: {
        status: "anonymous",
        reason: "login_failed",
        error: new PopupBlockedError(),
        since: 0,
      },
    };
  },
  relogin: show("expired"),
};
