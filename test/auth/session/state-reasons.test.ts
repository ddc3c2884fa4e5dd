import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CancelledError } from "../../../src/core/errors.ts";
import { ADA, KEY, expiredRow, responseOf } from "../../refresh/tabs.ts";
import { goodRow, loginResponse, remember, world, type World } from "../fixture.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(100);

async function opened(my: World) {
  const auth = my.tab();
  auth.start();
  await settle();
  return auth;
}

/** A world in which a login succeeds at once. */
function quick(): World {
  const my = world();
  my.navigate = async () => "https://app.example/callback?code=c";
  return my;
}

describe("state.since", () => {
  test("is the time of the last change, and stays while nothing changes", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const start = Date.now();
    const auth = my.tab();
    expect(auth.state).toEqual({ status: "loading", since: start });
    await vi.advanceTimersByTimeAsync(5_000);
    auth.start();
    await settle();
    const { state } = auth;
    expect(state.since).toBe(start + 5_000);
    await vi.advanceTimersByTimeAsync(5_000);
    await auth.getToken();
    expect(auth.state).toBe(state);
  });
});

describe("an authenticated state says how this tab got the session", () => {
  test("login in this tab, other_tab in another one, and stored after a reload", async () => {
    const my = quick();
    const [a, b] = [await opened(my), await opened(my)];
    await a.login();
    await settle();
    expect(a.state).toMatchObject({ status: "authenticated", reason: "login" });
    expect(b.state).toMatchObject({ status: "authenticated", reason: "other_tab" });
    expect((await opened(my)).state).toMatchObject({ status: "authenticated", reason: "stored" });
  });

  test("refreshed after a refresh of this tab", async () => {
    const my = world();
    await remember(my, expiredRow());
    const auth = await opened(my);
    my.refreshes.push(responseOf(2));
    await auth.getToken();
    await settle();
    expect(auth.state).toMatchObject({ reason: "refreshed", token: { origin: "this-tab" } });
  });

  test("refreshed, also when the page has read the new token from the store before the refresh ends", async () => {
    const my = world();
    await remember(my, expiredRow());
    const auth = my.tab(undefined, (chain) => ({
      ...chain,
      requestToken: async (request) => {
        const tokens = await chain.requestToken(request);
        my.page.wake();
        await settle();
        return tokens;
      },
    }));
    auth.start();
    await settle();
    my.refreshes.push(responseOf(2));
    await auth.getToken();
    await settle();
    expect(auth.state).toMatchObject({ reason: "refreshed", token: { origin: "this-tab" } });
  });
});

describe("an anonymous state says why", () => {
  test("none before the first login", async () => {
    expect((await opened(world())).state).toMatchObject({ status: "anonymous", reason: "none" });
  });

  test("logged_out in the tab of the logout, and logged_out_elsewhere in another one", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const [a, b] = [await opened(my), await opened(my)];
    await a.logout({ endSession: "none" });
    await settle();
    expect(a.state).toMatchObject({ status: "anonymous", reason: "logged_out" });
    expect(b.state).toMatchObject({ status: "anonymous", reason: "logged_out_elsewhere" });
    expect((await opened(my)).state).toMatchObject({ reason: "logged_out" });
  });

  test("forgotten after forget()", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = await opened(my);
    await auth.forget(ADA);
    await settle();
    expect(auth.state).toMatchObject({ status: "anonymous", reason: "forgotten" });
  });

  test("login_failed with the error of the login", async () => {
    const my = world();
    const auth = await opened(my);
    const error = new CancelledError("the user closed the window");
    my.navigate = () => Promise.reject(error);
    await expect(auth.login()).rejects.toBe(error);
    expect(auth.state).toMatchObject({ status: "anonymous", reason: "login_failed", error });
  });
});

describe("a session without a refresh token", () => {
  test("is known at the login, and expires with its token", async () => {
    const my = quick();
    const auth = await opened(my);
    const { refreshToken: _, ...tokens } = loginResponse();
    my.server.exchange = async () => ({ ...tokens, expiresAt: Date.now() + 60_000 });
    await auth.login();
    expect(auth.state).toMatchObject({ status: "authenticated", token: { isRenewable: false } });
    const listener = vi.fn();
    auth.subscribe(listener);
    await vi.advanceTimersByTimeAsync(61_000);
    // Nobody has called anything.
    expect(listener).toHaveBeenCalledTimes(1);
    expect(auth.state).toMatchObject({ status: "expired", reason: "not_renewable" });
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({
      code: "refresh_token",
      reason: "not_renewable",
    });
    const { state } = auth;
    expect(state).toMatchObject({ status: "expired", reason: "not_renewable", user: { sub: ADA } });
    expect("error" in state && state.error?.message).toMatch(/offline_access.*prompt/s);
    expect(await auth.getUser()).toBeUndefined();
    expect((await opened(my)).state).toMatchObject({ reason: "not_renewable", user: { sub: ADA } });
    expect(my.sends).toBe(0);
  });

  test("D4: has no timer after dispose()", async () => {
    const my = quick();
    const auth = await opened(my);
    const { refreshToken: _, ...tokens } = loginResponse();
    my.server.exchange = async () => ({ ...tokens, expiresAt: Date.now() + 60_000 });
    await auth.login();
    auth.dispose();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(auth.state).toMatchObject({ status: "authenticated" });
  });

  test("is renewable with a refresh token", async () => {
    const my = quick();
    const auth = await opened(my);
    await auth.login();
    expect(auth.state).toMatchObject({ token: { isRenewable: true } });
  });
});

test("an expired state has the remembered user also after a reload", async () => {
  const my = world();
  const remembered = { name: "Ada", email: "ada@example.com", lastUsedAt: 1 };
  const end = { reason: "session_ended", sequence: 1 } as const;
  await remember(my, { ...expiredRow(), remembered, end, tokens: null, access: {} });
  expect((await opened(my)).state).toMatchObject({
    status: "expired",
    reason: "session_ended",
    user: { sub: ADA, name: "Ada", email: "ada@example.com" },
  });
});

describe("onUserChange()", () => {
  test("gets the previous and the next user before the state changes", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    const calls: unknown[] = [];
    const stop = auth.onUserChange((previous, next) => {
      calls.push([previous?.sub, next?.sub, auth.state.status]);
    });
    auth.start();
    await settle();
    await auth.logout({ endSession: "none" });
    await settle();
    expect(calls).toEqual([
      [undefined, ADA, "loading"],
      [ADA, undefined, "authenticated"],
    ]);
    stop();
    my.navigate = async () => "https://app.example/callback?code=c";
    await auth.login();
    expect(calls).toHaveLength(2);
  });

  test("is not called when the token is refreshed or the session ends", async () => {
    const my = world();
    await remember(my, expiredRow());
    const auth = my.tab();
    const calls: unknown[] = [];
    auth.onUserChange((...users) => calls.push(users));
    auth.start();
    await settle();
    my.refreshes.push({ type: "invalid_grant" });
    await expect(auth.getToken({ prompt: "none" })).rejects.toThrow();
    await settle();
    expect(auth.state.status).toBe("expired");
    expect(calls).toHaveLength(1);
  });
});

test("getIdToken() returns the stored ID token of this tab's user", async () => {
  const my = quick();
  const auth = await opened(my);
  expect(await auth.getIdToken()).toBeUndefined();
  my.server.exchange = async () => ({ ...loginResponse(), idToken: "header.payload.signature" });
  await auth.login();
  expect(await auth.getIdToken()).toBe("header.payload.signature");
  await auth.logout({ endSession: "none" });
  expect(await auth.getIdToken()).toBeUndefined();
  expect((await my.store.get(KEY))?.tokens).toBeNull();
});
