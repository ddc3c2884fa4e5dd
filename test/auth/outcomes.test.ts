import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UserFetchError } from "../../src/core/user-fetch-error.ts";
import {
  CancelledError,
  ConfigurationError,
  InvalidResponseError,
  NetworkError,
  StorageError,
  TimeoutError,
} from "../../src/core/errors.ts";
import {
  AuthorizationError,
  DiscoveryError,
  IdTokenError,
  PopupBlockedError,
  RequestTokenError,
} from "../../src/core/protocol-errors.ts";
import { NO_CHANGE } from "../../src/core/session.ts";
import { OUTCOMES } from "../support/outcomes.ts";
import type { AuthManager } from "../../src/auth/auth-manager.ts";
import { responseOf, expiredRow, KEY } from "../refresh/tabs.ts";
import {
  goodRow,
  loginResponse,
  remember,
  REDIRECT_URI,
  world,
  type World,
  STATE,
  stateOf,
} from "./fixture.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

type Scenario = (
  world: World,
  start: () => AuthManager,
) => Promise<{ auth: AuthManager; failing: Promise<unknown> }>;

const details = { hint: "x" };
const silently = (auth: AuthManager) => auth.getToken({ prompt: "none" });

/** An expired session whose refresh requests get these responses. */
const refreshed =
  (...responses: World["refreshes"]): Scenario =>
  async (world, start) => {
    await remember(world, expiredRow());
    world.refreshes.push(...responses);
    const auth = start();
    return { auth, failing: silently(auth) };
  };

/** A login in which `step` of the server fails. */
const loginFails =
  (step: "authorize" | "exchange", error: Error): Scenario =>
  async (world, start) => {
    world.navigate = async () => `${REDIRECT_URI}?code=c&state=${STATE}`;
    Object.assign(world.server, { [step]: () => Promise.reject(error) });
    const auth = start();
    return { auth, failing: auth.login() };
  };

const SCENARIOS: Record<string, Scenario> = {
  "no user is signed in": async (_, start) => {
    const auth = start();
    return { auth, failing: silently(auth) };
  },
  "the session has no refresh token": async (world, start) => {
    await remember(world, { ...expiredRow(), renewable: false });
    const auth = start();
    return { auth, failing: silently(auth) };
  },
  "another tab logged out": async (world, start) => {
    await remember(world, goodRow(expiredRow()));
    const [auth, other] = [start(), start()];
    await other.logout();
    await vi.advanceTimersByTimeAsync(0);
    return { auth, failing: silently(auth) };
  },
  "a refresh returns invalid_grant": refreshed({ type: "invalid_grant" }),
  "a repeated refresh returns invalid_grant": refreshed(
    { type: "unknown", byServer: true, cause: undefined },
    { type: "invalid_grant" },
  ),
  "a refresh returns an invalid ID token": async (world, start) => {
    await remember(world, expiredRow());
    world.validation = async () => ({ type: "invalid", claim: "signature" });
    world.refreshes.push(responseOf(2, { idToken: "bad" }));
    const auth = start();
    await silently(auth);
    await vi.advanceTimersByTimeAsync(100);
    return { auth, failing: auth.getToken({ prompt: "none", cache: "reload" }) };
  },
  "a refresh for a target is refused": async (world, start) => {
    await remember(world, goodRow(expiredRow()));
    const facts = { error: "invalid_scope", status: 400 };
    world.refreshes.push({ type: "refused", meaning: "wrong request", facts });
    const auth = start();
    return { auth, failing: auth.getToken({ prompt: "none", scope: ["admin"] }) };
  },
  "a refresh needs the user": refreshed({
    type: "refused",
    meaning: "user needed",
    facts: { error: "interaction_required", status: 400 },
  }),
  "a refresh for a target needs the user": async (world, start) => {
    await remember(world, goodRow(expiredRow()));
    const facts = { error: "consent_required", status: 400 };
    world.refreshes.push({ type: "refused", meaning: "user needed", facts });
    const auth = start();
    return { auth, failing: auth.getToken({ prompt: "none", scope: ["admin"] }) };
  },
  "a refresh has no network": async (world, start) => {
    await remember(world, expiredRow());
    world.page.isOnline = false;
    const auth = start();
    return { auth, failing: silently(auth) };
  },
  "the server is down during a refresh": refreshed(
    { type: "not_rotated", retryAfterMs: undefined, cause: undefined },
    { type: "unknown", byServer: true, cause: undefined },
  ),
  "a chunk of Latchkey cannot be loaded": async (world, start) => {
    await remember(world, expiredRow());
    world.prepare = () =>
      Promise.reject(new NetworkError("a part of Latchkey could not be loaded"));
    const auth = start();
    return { auth, failing: silently(auth) };
  },
  "the store fails while a session is in use": async (world, start) => {
    await remember(world, expiredRow());
    const auth = start();
    await auth.getUser();
    vi.spyOn(world.store, "get").mockRejectedValueOnce(new StorageError("gone"));
    return { auth, failing: silently(auth) };
  },
  "the store cannot be read at the start": async (world, start) => {
    vi.spyOn(world.users, "getActive").mockRejectedValueOnce(new StorageError("gone"));
    const auth = start();
    return { auth, failing: silently(auth) };
  },
  "a newer Latchkey version wrote the session": async (world, start) => {
    await remember(world, { ...expiredRow(), version: 3 as 2 });
    const auth = start();
    return { auth, failing: silently(auth) };
  },
  "the page does not support a browser SDK": async (world, start) => {
    world.page.problem = new ConfigurationError("environment", "this is not a browser page", "x");
    const auth = start();
    return { auth, failing: silently(auth) };
  },
  "a login finds another issuer's metadata": loginFails(
    "authorize",
    new DiscoveryError("another issuer", details),
  ),
  "a popup is blocked": async (_, start) => {
    const auth = start();
    await auth.getUser();
    const userAgent = {
      open: () => {
        throw new PopupBlockedError();
      },
    };
    return { auth, failing: auth.login({ userAgent }) };
  },
  "a login is cancelled": async (world, start) => {
    world.navigate = () => Promise.reject(new CancelledError("came back"));
    const auth = start();
    return { auth, failing: auth.login() };
  },
  "a login gets no response in time": async (world, start) => {
    world.navigate = () => Promise.reject(new TimeoutError("no response", { pending: false }));
    const auth = start();
    return { auth, failing: auth.login() };
  },
  "the server responds to a login with an error": loginFails(
    "exchange",
    new AuthorizationError({ error: "access_denied" }, "x"),
  ),
  "a response belongs to no request": loginFails(
    "exchange",
    new InvalidResponseError("state", "unknown", "x"),
  ),
  "a foreign response arrives during a session": async (world, start) => {
    await remember(world, goodRow(expiredRow()));
    world.server.exchange = () => Promise.reject(new InvalidResponseError("state", "unknown", "x"));
    const auth = start();
    return {
      auth,
      failing: auth.handleCallback(`${REDIRECT_URI}?code=c&state=${stateOf("foreign")}`),
    };
  },
  "a code is refused": loginFails(
    "exchange",
    new RequestTokenError("no", { ...details, error: "invalid_grant" }),
  ),
  "a login returns an invalid ID token": loginFails(
    "exchange",
    new IdTokenError("iss", "another issuer", details),
  ),
  "the user fetcher cannot determine the user": async (world, start) => {
    const { user: _, idToken: __, ...response } = loginResponse();
    world.navigate = async () => `${REDIRECT_URI}?code=c&state=${STATE}`;
    world.server.exchange = async () => response;
    world.fetchUser = () =>
      Promise.reject(new UserFetchError("refused", { ...details, status: 401 }));
    const auth = start();
    return { auth, failing: auth.login() };
  },
};

test("every row has a scenario and every scenario a row", () => {
  expect(Object.keys(SCENARIOS)).toEqual(OUTCOMES.map(({ event }) => event));
});

test.for(OUTCOMES)(
  "$event: $error, $state",
  async ({ event, error: name, code, state, retryable }) => {
    const my = world();
    const before = async () =>
      JSON.stringify((await my.store.update(KEY, () => NO_CHANGE))?.tokens ?? null);
    const { auth, failing } = await SCENARIOS[event]!(my, () => {
      const auth = my.tab();
      auth.start();
      return auth;
    });
    const tokens = await before();
    const caught = failing.then(
      () => undefined,
      (error: unknown) => error,
    );
    await vi.advanceTimersByTimeAsync(1_500);
    const error = await caught;
    expect(error).toMatchObject({ name, code, retryable });
    expect((error as { hint: string }).hint).not.toBe("");
    expect(auth.state.status).toBe(state);
    if (state === "authenticated") expect(await before()).toBe(tokens);
    expect(JSON.stringify([error, auth.state])).not.toMatch(/\b(at|rt|id)\d\b/);
  },
);
