import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DiscoveryError, NetworkError, NoTokenError } from "../../../src/core/errors.ts";
import { revokeLock } from "../../../src/core/keys.ts";
import type { AuthManager } from "../../../src/auth/auth-manager.ts";
import { REFRESH_TIMING } from "../../../src/refresh/timing.ts";
import { ADA, responseOf, CLIENT, expiredRow, KEY, settle } from "../../refresh/tabs.ts";
import {
  goodRow,
  loginResponse,
  REDIRECT_URI,
  remember,
  STATE,
  world,
  type World,
} from "../fixture.ts";
import { PASS_MS, DRAIN_MS, PERMIT_MS, REQUEST_MS } from "../../../src/auth/logout/revocation.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const RESPONSE = `${REDIRECT_URI}?code=c&state=${STATE}`;
const END = "https://id.example/end";
const never = () => new Promise<never>(() => {});

/** A promise that the test settles. */
function later<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((...settle) => ([resolve, reject] = settle));
  return { promise, resolve, reject };
}

async function signedIn(my: World): Promise<AuthManager> {
  await remember(my, goodRow(expiredRow()));
  const auth = my.tab();
  auth.start();
  await settle();
  return auth;
}

async function loaded(): Promise<void> {
  await vi.dynamicImportSettled();
  await settle();
}

/** Makes the revocation endpoint hang, and collects the signals of its requests. */
function hang(my: World): AbortSignal[] {
  const signals: AbortSignal[] = [];
  my.server.revoke = (_, signal) => {
    signals.push(signal!);
    return never();
  };
  return signals;
}

/** A logout and then a login, in the same tab or another one, and when each came as far as it can. Milliseconds. */
async function logoutAndLogin(
  my: World,
  where: "same tab" | "other tab" = "same tab",
): Promise<{ out: number; left: number }> {
  const auth = await signedIn(my);
  const begun = Date.now();
  const at = { out: Infinity, left: Infinity };
  const logout = auth.logout({ endSession: "none" });
  await loaded();
  my.navigate = async () => {
    at.left = Date.now() - begun;
    return RESPONSE;
  };
  void (where === "same tab" ? auth : my.tab()).login().catch(() => {});
  void logout.then(() => (at.out = Date.now() - begun));
  await loaded();
  return at;
}

describe("a login after a logout", () => {
  test("A11: aborts the hanging revocation of its own tab and leaves after a second", async () => {
    const my = world();
    const signals = hang(my);
    const at = await logoutAndLogin(my);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(at).toEqual({ out: 0, left: Infinity });
    await vi.advanceTimersByTimeAsync(PASS_MS - 1);
    expect(at.left).toBe(Infinity);
    await vi.advanceTimersByTimeAsync(1);
    expect(at.left).toBe(1_000);
  });

  test("A11: waits a second for the hanging revocation of another tab, which goes on", async () => {
    const my = world();
    const signals = hang(my);
    const at = await logoutAndLogin(my, "other tab");
    await vi.advanceTimersByTimeAsync(PASS_MS - 1);
    expect(at.left).toBe(Infinity);
    await vi.advanceTimersByTimeAsync(1);
    expect(at.left).toBe(1_000);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(at.out).toBe(5_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  test("A11: leaves at once when the other tab's revocation is answered", async () => {
    const my = world();
    my.server.revoke = () => new Promise((resolve) => setTimeout(resolve, 300));
    const at = await logoutAndLogin(my, "other tab");
    await vi.advanceTimersByTimeAsync(300);
    expect(at).toEqual({ out: 300, left: 300 });
  });

  test("waits for a revocation that failed, because it may still be on its way", async () => {
    const my = world();
    my.server.revoke = () => Promise.reject(new Error("down"));
    const at = await logoutAndLogin(my);
    expect(at).toEqual({ out: 0, left: Infinity });
    await vi.advanceTimersByTimeAsync(PASS_MS);
    expect(at.left).toBe(PASS_MS);
  });

  test("waits for nothing when the server answered the revocation", async () => {
    expect(await logoutAndLogin(world())).toEqual({ out: 0, left: 0 });
  });

  test("A11: no revocation leaves later than a login that asked after it", () => {
    expect(PERMIT_MS).toBeLessThanOrEqual(PASS_MS);
    const { requestMs, drainMs } = REFRESH_TIMING;
    expect([REQUEST_MS, DRAIN_MS]).toEqual([requestMs, drainMs]);
  });

  /** Somebody else's page holds the lock of revocations and stands still. */
  function held(): World {
    const my = world();
    void my.locks.request(revokeLock(CLIENT), { mode: "shared" }, never);
    return my;
  }

  test("A11: waits a second for a page that holds the lock and stands still, and leaves the queue", async () => {
    const my = held();
    const request = vi.spyOn(my.locks, "request");
    my.navigate = async () => RESPONSE;
    const auth = my.tab();
    auth.start();
    let isIn = false;
    const login = auth.login().then(() => (isIn = true));
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(PASS_MS - 1);
    expect(isIn).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await login;
    const [, options] = request.mock.calls.find(([name]) => name === revokeLock(CLIENT))!;
    expect(options.signal?.aborted).toBe(true);
  });

  test("that is aborted while it waits asks for nothing", async () => {
    const my = held();
    const navigate = vi.fn(async () => RESPONSE);
    my.navigate = navigate;
    const auth = my.tab();
    auth.start();
    const leave = new AbortController();
    const login = auth.login({ signal: leave.signal });
    await vi.dynamicImportSettled();
    leave.abort(new Error("left"));
    await expect(login).rejects.toThrow("left");
    await vi.advanceTimersByTimeAsync(PASS_MS);
    expect(navigate).not.toHaveBeenCalled();
  });
});

describe("a revocation that a login aborted", () => {
  /** Signs out, and in again as `sub` by a window that waits for the test. */
  async function aborted(sub = ADA) {
    const my = world();
    my.server.exchange = async () => loginResponse({ user: { sub, claims: { sub } } });
    const revoke = vi.fn<() => Promise<void>>().mockReturnValueOnce(never());
    revoke.mockResolvedValue();
    my.server.revoke = revoke;
    const auth = await signedIn(my);
    const out = auth.logout({ endSession: "none" });
    await loaded();
    const window = later<string>();
    my.navigate = () => window.promise;
    const login = auth.login();
    login.catch(() => {});
    await loaded();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(revoke).toHaveBeenCalledTimes(1);
    expect(await out).toMatchObject({ server: "not_told", error: { code: "cancelled" } });
    return { auth, revoke, window, login };
  }

  test("A11: is sent again when the login came to nothing, and not before", async () => {
    const { revoke, window } = await aborted();
    window.reject(new Error("the window was closed"));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(revoke).toHaveBeenCalledTimes(2);
  });

  test("A11: is not sent again when the same user is signed in, who may share its grant", async () => {
    const { auth, revoke, window, login } = await aborted();
    window.resolve(RESPONSE);
    await login;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(revoke).toHaveBeenCalledTimes(1);
    expect(auth.state.status).toBe("authenticated");
  });

  test("A11: is sent again when another user has signed in", async () => {
    const { revoke, window, login } = await aborted("grace");
    window.resolve(RESPONSE);
    await login;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(revoke).toHaveBeenCalledTimes(2);
  });
});

describe("a logout says that the server was told", () => {
  test("B5: when the token is revoked and the page leaves for the end-session endpoint", async () => {
    const my = world();
    const revoke = (my.server.revoke = vi.fn(async () => {}));
    my.server.endSession = async () => END;
    const auth = await signedIn(my);
    expect(await auth.logout()).toEqual({ server: "told" });
    expect(revoke).toHaveBeenCalledTimes(1);
    expect(my.page.navigations).toEqual([END]);
  });

  test("B5: when there is nothing to tell", async () => {
    const my = world();
    const nobody = my.tab();
    nobody.start();
    expect(await nobody.logout()).toEqual({ server: "told" });
    // A server without an end-session endpoint.
    expect(await (await signedIn(my)).logout()).toEqual({ server: "told" });
    const failing = () => Promise.reject(new NetworkError("down"));
    Object.assign(my.server, { revoke: failing, endSession: failing });
    const left = { revoke: "none", endSession: "none" } as const;
    expect(await (await signedIn(my)).logout(left)).toEqual({ server: "told" });
    const row = goodRow(expiredRow());
    const { refreshToken: _, ...tokens } = await my.store.open(row.tokens);
    await remember(my, { ...row, renewable: false, tokens });
    const auth = my.tab();
    auth.start();
    expect(await auth.logout({ endSession: "none" })).toEqual({ server: "told" });
  });

  test("B5: when a refresh is under way, whose new token is revoked as soon as it is there", async () => {
    const my = world();
    const revoked: string[] = [];
    my.server.revoke = async (token) => void revoked.push(token);
    await remember(my, expiredRow());
    const response = later<ReturnType<typeof responseOf>>();
    my.response = () => response.promise;
    const auth = my.tab();
    auth.start();
    const token = auth.getToken({ prompt: "none" }).catch((error: unknown) => error);
    await loaded();
    expect(my.sends).toBe(1);
    expect(await auth.logout({ endSession: "none" })).toEqual({ server: "told" });
    response.resolve(responseOf(2));
    expect(await token).toBeInstanceOf(NoTokenError);
    await loaded();
    expect(revoked).toEqual(["rt1", "rt2"]);
  });

  test("B5: of another user than this tab's, without leaving the page", async () => {
    const my = world();
    my.server.endSession = async () => END;
    const auth = await signedIn(my);
    await auth.logout({ endSession: "none" });
    my.server.exchange = async () =>
      loginResponse({ user: { sub: "grace", claims: { sub: "grace" } }, refreshToken: "rt-grace" });
    my.navigate = async () => RESPONSE;
    await auth.login();
    await remember(my, goodRow(expiredRow()));
    const revoke = (my.server.revoke = vi.fn(async () => {}));
    expect(await auth.logout({ user: ADA })).toEqual({ server: "told" });
    expect(revoke).toHaveBeenCalledExactlyOnceWith("rt1", expect.anything());
    my.server.revoke = () => Promise.reject(new NetworkError("down"));
    await remember(my, goodRow(expiredRow()));
    expect(await auth.forget(ADA)).toMatchObject({
      server: "not_told",
      error: { code: "network" },
    });
    expect(my.page.navigations).toEqual([]);
    expect(auth.state).toMatchObject({ user: { sub: "grace" } });
  });
});

describe("a logout says that the server was not told", () => {
  const down = () =>
    Promise.reject(
      new DiscoveryError("the server answered 503", { hint: "", status: 503, retryable: true }),
    );

  test("B5: when the metadata answers 503; the local data is deleted all the same", async () => {
    const my = world();
    Object.assign(my.server, { revoke: down, endSession: down });
    const auth = await signedIn(my);
    expect(await auth.logout()).toMatchObject({
      server: "not_told",
      error: { code: "discovery", status: 503 },
    });
    expect(await my.store.get(KEY)).toMatchObject({ tokens: null, renewable: false });
    expect(auth.state).toEqual({ status: "anonymous" });
  });

  test("B5: after 5 s in all when nothing is answered", async () => {
    const my = world();
    Object.assign(my.server, { revoke: never, endSession: never });
    const auth = await signedIn(my);
    let result: unknown;
    void auth.logout().then((told) => (result = told));
    await loaded();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(result).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(result).toMatchObject({ server: "not_told", error: { code: "network" } });
  });

  test("B5: when the browser is offline", async () => {
    const my = world();
    my.page.isOnline = false;
    my.server.endSession = async () => END;
    const auth = await signedIn(my);
    const offline = { server: "not_told", error: { code: "network", retryable: true } };
    expect(await auth.logout()).toMatchObject(offline);
    expect(await auth.logout({ endSession: "none" })).toMatchObject(offline);
    expect(my.page.navigations).toEqual([]);
  });

  test("B5: when only the end-session endpoint is missing; a second call goes there and nothing else", async () => {
    const my = world();
    const revoke = (my.server.revoke = vi.fn(async () => {}));
    my.server.endSession = down;
    my.navigate = async () => RESPONSE;
    const auth = my.tab();
    auth.start();
    await auth.login();
    expect(await auth.logout()).toMatchObject({ server: "not_told" });
    const endSession = (my.server.endSession = vi.fn(async () => END));
    expect(await auth.logout()).toEqual({ server: "told" });
    expect(endSession).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ idToken: "id1" }));
    expect(revoke).toHaveBeenCalledTimes(1);
    expect(my.page.navigations).toEqual([END]);
    expect(await auth.logout()).toEqual({ server: "told" });
    expect(endSession).toHaveBeenCalledTimes(1);
  });

  test("B5: when a login comes before the page can leave", async () => {
    const my = world();
    const ended = later<string>();
    my.server.endSession = () => ended.promise;
    const auth = await signedIn(my);
    const out = auth.logout();
    await loaded();
    void auth.login().catch(() => {});
    await loaded();
    ended.resolve(END);
    expect(await out).toMatchObject({ server: "not_told", error: { code: "cancelled" } });
    expect(my.page.navigations).toEqual([]);
  });

  test("B5: when no tab has the tokens any more", async () => {
    const my = world();
    const auth = await signedIn(my);
    vi.spyOn(my.store, "open").mockRejectedValue(new NoTokenError("no tab has them"));
    const lost = { server: "not_told", error: { code: "no_token" } };
    expect(await auth.logout()).toMatchObject(lost);
    expect(await auth.logout()).toMatchObject(lost);
  });

  test("B5: with a typed error that holds nothing of what a server of the app's own threw", async () => {
    const my = world();
    my.server.revoke = () => Promise.reject(new Error("POST token=rt1"));
    const result = await (await signedIn(my)).logout();
    expect(result).toMatchObject({ server: "not_told", error: { code: "network" } });
    expect(String(result.error?.message) + String(result.error?.cause)).not.toContain("rt1");
  });
});

describe("two logouts at the same time", () => {
  test("B5: tell the server once, and have the same result", async () => {
    const my = world();
    const response = later<void>();
    const revoke = (my.server.revoke = vi.fn(() => response.promise));
    my.server.endSession = async () => END;
    const auth = await signedIn(my);
    const both = Promise.all([auth.logout(), auth.logout()]);
    await loaded();
    response.reject(new NetworkError("cut"));
    const [first, second] = await both;
    expect(first).toMatchObject({ server: "not_told", error: { code: "network" } });
    expect(second).toBe(first);
    expect(revoke).toHaveBeenCalledTimes(1);
    expect(my.page.navigations).toEqual([END]);
  });

  test("B5: a later one joins the tries that are left, and ends their pause", async () => {
    const my = world();
    const revoke = vi.fn<() => Promise<void>>(() => Promise.reject(new NetworkError("cut")));
    my.server.revoke = revoke;
    const auth = await signedIn(my);
    await auth.logout({ endSession: "none" });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(revoke).toHaveBeenCalledTimes(4);
    revoke.mockResolvedValue();
    expect(await auth.logout({ endSession: "none" })).toEqual({ server: "told" });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(revoke).toHaveBeenCalledTimes(5);
  });
});
