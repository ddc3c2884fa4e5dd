import { systemClock as clock } from "../../src/browser/page/system-clock.ts";
import { clientKey, sessionKey } from "../../src/core/keys.ts";
import type { Page } from "../../src/core/ports.ts";
import type { RefreshResponse } from "../../src/core/refresher.ts";
import type { TokenRecord } from "../../src/core/session.ts";
import { RefreshGrant } from "../../src/grants/refresh-grant.ts";
import { AuthManager } from "../../src/auth/auth-manager.ts";
import { UntoldLogouts } from "../../src/auth/logout/untold-logouts.ts";
import { MemoryCallbackLedger } from "../support/memory-callback-ledger.ts";
import { MemoryLoginMarks } from "../support/memory-login-marks.ts";
import { MemorySessionStore } from "../support/memory-session-store.ts";
import { MemoryTabHub } from "../support/memory-tab-channel.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { MemoryUserStore } from "../support/memory-user-store.ts";
import { RefreshCoordinator } from "../../src/refresh/coordinator.ts";
import { ASKS_EVERY_MS, type Client, type Conditions } from "./client.ts";
import { RESPONDS_IN_MS, isAway, type Outage } from "./outage.ts";
import { rowOf } from "./policy.ts";

const CLIENT = clientKey("https://id.example", "client");
const notAsked = (): never => {
  throw new Error("not part of this simulation");
};

/** Runs the real parts that `clientModel` models, on the clock of the timers. Starts when the first token is issued. */
export async function startRealClient(
  { isVisible, born, asksFrom }: Client,
  { lifetimeMs, outage, fraction }: Omit<Conditions, "until">,
  sent: (at: number) => void,
): Promise<void> {
  await clock.sleep(born - clock.now());
  const page = pageOf();
  const store = new MemorySessionStore();
  const users = new MemoryUserStore(store, CLIENT);
  const row = rowOf(lifetimeMs);
  const { user } = row.tokens as TokenRecord;
  for (const entry of Object.values(row.access)) entry.expiresAt += clock.now();
  await store.update(sessionKey(CLIENT, user.sub), () => row);
  await users.putDefault(user.sub);

  let ids = 0;
  const random = { id: () => `id-${++ids}`, fraction };
  const shared = { client: CLIENT, tab: "tab", clock, page, random, locks: new MemoryTabLock() };
  const channel = new MemoryTabHub().join();
  const send = async (): Promise<RefreshResponse> => {
    sent(clock.now());
    return response(outage, lifetimeMs);
  };
  const life = { online: () => true, visible: () => isVisible, frozen: () => false };
  const refresher = new RefreshCoordinator({
    ...shared,
    ports: {
      ...shared,
      page: { ...life, onEvent: () => () => {} },
      store,
      channel,
      send: {
        send,
        prepare: async () => {},
        sync: async () => {},
        verify: notAsked,
        revoke: notAsked,
      },
    },
  });
  const manager = new AuthManager({
    ...shared,
    channel,
    refresher,
    grant: new RefreshGrant({ requestToken: notAsked }, { refresher }),
    server: { revoke: notAsked, endSession: notAsked },
    userAgent: { open: notAsked },
    redirectUri: () => "https://app.example/callback",
    postLogoutRedirectUri: () => undefined,
    sessions: store,
    users,
    ledger: new MemoryCallbackLedger(),
    untold: new UntoldLogouts(),
    marks: new MemoryLoginMarks(),
  });
  manager.start();
  await clock.sleep(asksFrom - clock.now());
  for (;;) {
    manager.getToken({ prompt: "none" }).catch(() => {});
    await clock.sleep(ASKS_EVERY_MS);
  }
}

async function response(outage: Outage, lifetimeMs: number): Promise<RefreshResponse> {
  if (!isAway(outage, clock.now())) {
    await clock.sleep(RESPONDS_IN_MS);
    const expiresAt = clock.now() + lifetimeMs;
    const tokens = { accessToken: "access token", tokenType: "Bearer", expiresAt };
    return {
      type: "tokens",
      tokens: { ...tokens, scope: undefined, refreshToken: undefined, idToken: undefined },
    };
  }
  await clock.sleep(outage.failsInMs);
  const cause = new Error(outage.name);
  return outage.response === "unknown"
    ? { type: "unknown", byServer: false, cause }
    : { type: "not_rotated", retryAfterMs: outage.retryAfterMs?.(outage, clock.now()), cause };
}

function pageOf(): Page {
  return {
    isDocument: () => true,
    unsupported: () => undefined,
    href: () => "https://app.example/",
    navigate: () => {},
    replace: () => {},
    warn: () => {},
    replaceUrl: () => {},
    lifecycle: {
      online: () => true,
      visible: () => true,
      frozen: () => false,
      onEvent: () => () => {},
    },
    canNavigate: () => false,
    onActivation: () => () => {},
  };
}
