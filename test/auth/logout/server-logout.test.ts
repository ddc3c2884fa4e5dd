import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { LogoutEndpoint } from "../../../src/core/authorization-server.ts";
import { NetworkError, NoTokenError } from "../../../src/core/errors.ts";
import { DiscoveryError } from "../../../src/core/protocol-errors.ts";
import type { TokenRecord } from "../../../src/core/session.ts";
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
import { DRAIN_MS, PERMIT_MS, REQUEST_MS } from "../../../src/auth/logout/revocation.ts";
import { PASS_MS } from "../../../src/auth/logout/pass-revocations.ts";

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

/** Starts a logout, then a login. Records when the logout settled and when the login navigated. Milliseconds. */
async function logoutAndLogin(
  my: World,
  where: "same tab" | "other tab" = "same tab",
): Promise<{ out: number; navigated: number }> {
  const auth = await signedIn(my);
  const begun = Date.now();
  const at = { out: Infinity, navigated: Infinity };
  const logout = auth.logout({ endSession: "none" });
  await loaded();
  my.navigate = async () => {
    at.navigated = Date.now() - begun;
    return RESPONSE;
  };
  void (where === "same tab" ? auth : my.tab()).login().catch(() => {});
  void logout.then(() => (at.out = Date.now() - begun));
  await loaded();
  return at;
}

describe("a login after a logout", () => {
  test("A11: aborts the hanging revocation of its own tab and navigates after a second", async () => {
    const my = world();
    const signals = hang(my);
    const at = await logoutAndLogin(my);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(at).toEqual({ out: 0, navigated: Infinity });
    await vi.advanceTimersByTimeAsync(PASS_MS - 1);
    expect(at.navigated).toBe(Infinity);
    await vi.advanceTimersByTimeAsync(1);
    expect(at.navigated).toBe(1_000);
  });

  test("A11: waits a second for the hanging revocation of another tab, which continues", async () => {
    const my = world();
    const signals = hang(my);
    const at = await logoutAndLogin(my, "other tab");
    await vi.advanceTimersByTimeAsync(PASS_MS - 1);
    expect(at.navigated).toBe(Infinity);
    await vi.advanceTimersByTimeAsync(1);
    expect(at.navigated).toBe(1_000);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(at.out).toBe(5_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  test("A11: navigates at once when the server responds to the other tab's revocation", async () => {
    const my = world();
    my.server.revoke = () => new Promise((resolve) => setTimeout(resolve, 300));
    const at = await logoutAndLogin(my, "other tab");
    await vi.advanceTimersByTimeAsync(300);
    expect(at).toEqual({ out: 300, navigated: 300 });
  });

  test("waits for a revocation that failed, because its request may still be in flight", async () => {
    const my = world();
    my.server.revoke = () => Promise.reject(new Error("down"));
    const at = await logoutAndLogin(my);
    expect(at).toEqual({ out: 0, navigated: Infinity });
    await vi.advanceTimersByTimeAsync(PASS_MS);
    expect(at.navigated).toBe(PASS_MS);
  });

  test("does not wait when the server has responded to the revocation", async () => {
    expect(await logoutAndLogin(world())).toEqual({ out: 0, navigated: 0 });
  });

  test("A11: a revocation may start only within the time for which a login waits", () => {
    expect(PERMIT_MS).toBeLessThanOrEqual(PASS_MS);
    const { requestMs, drainMs } = REFRESH_TIMING;
    expect([REQUEST_MS, DRAIN_MS]).toEqual([requestMs, drainMs]);
  });

  /** Another page holds the revocation lock and is frozen. */
  function held(): World {
    const my = world();
    void my.locks.request(revokeLock(CLIENT), { mode: "shared" }, never);
    return my;
  }

  test("A11: waits a second for a frozen page that holds the lock, and then leaves the lock's queue", async () => {
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

  test("that is aborted while it waits does not navigate", async () => {
    const my = held();
    const navigate = vi.fn(async () => RESPONSE);
    my.navigate = navigate;
    const auth = my.tab();
    auth.start();
    const leave = new AbortController();
    const login = auth.login({ signal: leave.signal });
    await vi.dynamicImportSettled();
    leave.abort(new Error("aborted"));
    await expect(login).rejects.toThrow("aborted");
    await vi.advanceTimersByTimeAsync(PASS_MS);
    expect(navigate).not.toHaveBeenCalled();
  });
});

describe("a revocation that a login aborted", () => {
  /** Logs out, and starts a login as `sub` in a window that waits for the test. */
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

  test("A11: is sent again only after the login has failed", async () => {
    const { revoke, window } = await aborted();
    window.reject(new Error("the window was closed"));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(revoke).toHaveBeenCalledTimes(2);
  });

  test("A11: is not sent again when the same user has logged in, because the login may share its grant", async () => {
    const { auth, revoke, window, login } = await aborted();
    window.resolve(RESPONSE);
    await login;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(revoke).toHaveBeenCalledTimes(1);
    expect(auth.state.status).toBe("authenticated");
  });

  test("A11: is sent again when another user has logged in", async () => {
    const { revoke, window, login } = await aborted("grace");
    window.resolve(RESPONSE);
    await login;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(revoke).toHaveBeenCalledTimes(2);
  });
});

describe("the result of a logout is told", () => {
  test("B5: when the token is revoked and the page navigates to the end-session endpoint", async () => {
    const my = world();
    const revoke = (my.server.revoke = vi.fn(async () => {}));
    my.server.endSession = async () => END;
    const auth = await signedIn(my);
    expect(await auth.logout()).toEqual({ server: "told" });
    expect(revoke).toHaveBeenCalledTimes(1);
    expect(my.page.navigations).toEqual([END]);
  });

  test("E2: when the session has ended here, and the user is still logged in at the server", async () => {
    const my = world();
    const asked: unknown[] = [];
    my.server.endSession = async (request) => {
      asked.push(request.idToken);
      return END;
    };
    const end = { reason: "session_ended", sequence: 9 } as const;
    await remember(my, { ...goodRow(expiredRow()), end, access: {}, tokens: null });
    const auth = my.tab();
    auth.start();
    await loaded();
    expect(auth.state).toMatchObject({ status: "expired" });
    expect(await auth.logout()).toEqual({ server: "told" });
    expect(asked).toEqual([undefined]);
    expect(my.page.navigations).toEqual([END]);
    // The user is logged out now, so there is nothing more to tell.
    expect(await auth.logout()).toEqual({ server: "told" });
    expect(my.page.navigations).toEqual([END]);
  });

  test("B5: when there is nothing to revoke or to end", async () => {
    const my = world();
    const anonymous = my.tab();
    anonymous.start();
    expect(await anonymous.logout()).toEqual({ server: "told" });
    // This server has no end-session endpoint.
    expect(await (await signedIn(my)).logout()).toEqual({ server: "told" });
    const failing = () => Promise.reject(new NetworkError("down"));
    Object.assign(my.server, { revoke: failing, endSession: failing });
    const local = { revoke: "none", endSession: "none" } as const;
    expect(await (await signedIn(my)).logout(local)).toEqual({ server: "told" });
    const row = goodRow(expiredRow());
    const { refreshToken: _, ...tokens } = await my.store.open(row.tokens);
    await remember(my, { ...row, renewable: false, access: {}, tokens: { ...tokens, access: {} } });
    const auth = my.tab();
    auth.start();
    expect(await auth.logout({ endSession: "none" })).toEqual({ server: "told" });
  });

  test.for(["told", "not_told"] as const)(
    "D2: the access tokens are revoked when there is no refresh token: %s",
    async (server) => {
      const my = world();
      const revoked: unknown[] = [];
      my.server.revoke = async (token, _, kind) => {
        revoked.push([token, kind]);
        if (server === "not_told") throw new NetworkError("cut", undefined, "", false);
      };
      const { refreshToken: _, ...tokens } = loginResponse({ accessToken: "long-lived" });
      my.server.exchange = async () => tokens;
      my.navigate = async () => `${REDIRECT_URI}?code=c&state=${STATE}`;
      const auth = my.tab();
      auth.start();
      await auth.login();
      expect((await auth.logout({ endSession: "none" })).server).toBe(server);
      expect(revoked[0]).toEqual(["long-lived", "access_token"]);
      expect(await auth.logout({ endSession: "none", revoke: "none" })).toEqual({ server: "told" });
    },
  );

  test("B5: when a refresh is in progress, and its new token is revoked as soon as it arrives", async () => {
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

  test("B5: for another user than this tab's, and the page does not navigate", async () => {
    const my = world();
    my.server.endSession = async () => END;
    const auth = await signedIn(my);
    await auth.logout({ endSession: "none" });
    my.server.exchange = async () =>
      loginResponse({ user: { sub: "grace", claims: { sub: "grace" } }, refreshToken: "rt-grace" });
    my.navigate = async () => RESPONSE;
    await auth.login();
    const withToken = (refreshToken: string) => {
      const row = goodRow(expiredRow());
      return { ...row, tokens: { ...(row.tokens as TokenRecord), refreshToken } };
    };
    await remember(my, withToken("rt2"));
    const revoke = (my.server.revoke = vi.fn(async () => {}));
    expect(await auth.logout({ user: ADA })).toEqual({ server: "told" });
    expect(revoke).toHaveBeenCalledExactlyOnceWith("rt2", expect.anything());
    my.server.revoke = () => Promise.reject(new NetworkError("down"));
    await remember(my, withToken("rt3"));
    expect(await auth.forget(ADA)).toMatchObject({
      server: "not_told",
      error: { code: "network" },
    });
    expect(my.page.navigations).toEqual([]);
    expect(auth.state).toMatchObject({ user: { sub: "grace" } });
  });
});

describe("the result of a logout is not_told", () => {
  const down = () =>
    Promise.reject(
      new DiscoveryError("the server returned 503", { hint: "", status: 503, retryable: true }),
    );

  test("B5: when the metadata request returns 503, and the local data is deleted anyway", async () => {
    const my = world();
    Object.assign(my.server, { revoke: down, endSession: down });
    const auth = await signedIn(my);
    expect(await auth.logout()).toMatchObject({
      server: "not_told",
      error: { code: "discovery", status: 503 },
    });
    expect(await my.store.get(KEY)).toMatchObject({ tokens: null, renewable: false });
    expect(auth.state).toMatchObject({ status: "anonymous" });
  });

  test("B5: after 5 s in total without a response", async () => {
    const my = world();
    Object.assign(my.server, { revoke: never, endSession: never });
    const auth = await signedIn(my);
    let result: unknown;
    void auth.logout().then((value) => (result = value));
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

  test("B5: when only the end-session endpoint fails, and a second call uses only this endpoint", async () => {
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

  test.each([
    [{ login_hint: "O.CiQ", email: "ada@example.com" }, "O.CiQ"],
    [{ login_hint: "", preferred_username: 7, email: "ada@example.com" }, "ada@example.com"],
    [{ groups: ["a"] }, ADA],
  ])(
    "C6: with the user's claims %j, the end-session endpoint gets the hint %s",
    async (claims, hint) => {
      const my = world();
      const endSession = (my.server.endSession = vi.fn(async () => END));
      my.server.exchange = async () =>
        loginResponse({ user: { sub: ADA, claims: { sub: ADA, ...claims } } });
      my.navigate = async () => RESPONSE;
      const auth = my.tab();
      auth.start();
      await auth.login();
      expect(await auth.logout()).toEqual({ server: "told" });
      expect(endSession).toHaveBeenCalledExactlyOnceWith(
        expect.objectContaining({ idToken: "id1", logoutHint: hint }),
      );
    },
  );

  test("B5: when a login starts before the page can navigate", async () => {
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

  test("B5: with a typed error that contains nothing of an error of the app's own server object", async () => {
    const my = world();
    my.server.revoke = () => Promise.reject(new Error("POST token=rt1"));
    const result = await (await signedIn(my)).logout();
    expect(result).toMatchObject({ server: "not_told", error: { code: "network" } });
    expect(String(result.error?.message) + String(result.error?.cause)).not.toContain("rt1");
  });
});

describe("two logouts at the same time", () => {
  test("B5: send one revocation, and return the same result", async () => {
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

  test("B5: a later one joins the remaining retries, and ends their pause", async () => {
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

describe("the app's own parameters of a logout", () => {
  const parameters = { logout_uri: "https://app.example.com/" };

  test.for(["logout", "logoutAll"] as const)("are sent by %s()", async (method) => {
    const my = world();
    const endSession = vi.spyOn(my.server, "endSession");
    const auth = await signedIn(my);
    await auth[method]({ parameters });
    expect(endSession).toHaveBeenCalledTimes(1);
    expect(endSession.mock.calls[0]![0].parameters).toEqual(parameters);
  });

  test.for([
    ["logout", "id_token_hint"],
    ["logout", "state"],
    ["logoutAll", "post_logout_redirect_uri"],
    ["logoutAll", "client_id"],
  ] as const)("of %s() cannot contain %s, and nobody is logged out", async ([method, name]) => {
    const my = world();
    const endSession = vi.spyOn(my.server, "endSession");
    const auth = await signedIn(my);
    const error = await auth[method]({ parameters: { [name]: "s3cret" } }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "configuration", input: `parameters.${name}` });
    expect(String(error)).not.toContain("s3cret");
    expect(auth.state.status).toBe("authenticated");
    expect(endSession).not.toHaveBeenCalled();
  });
});

describe("D7: a logout at a server that lacks an endpoint", () => {
  const lacking = async (...missing: LogoutEndpoint[]) => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    Object.assign(my.server, { missingEndpoints: async () => missing });
    const auth = my.tab();
    auth.start();
    await vi.advanceTimersByTimeAsync(100);
    return { my, auth };
  };

  test("says which one, because the session goes on there", async () => {
    const { auth } = await lacking("revocation_endpoint", "end_session_endpoint");
    expect(await auth.logout()).toEqual({
      server: "told",
      missing: ["revocation_endpoint", "end_session_endpoint"],
    });
  });

  test("says which one also after logoutAll()", async () => {
    const { auth } = await lacking("end_session_endpoint");
    expect(await auth.logoutAll()).toEqual({ server: "told", missing: ["end_session_endpoint"] });
  });

  test("says nothing of a step that was not asked for", async () => {
    const { auth } = await lacking("revocation_endpoint", "end_session_endpoint");
    expect(await auth.logout({ endSession: "none", revoke: "none" })).toEqual({ server: "told" });
  });

  test("is complete at a server that has both", async () => {
    const { auth } = await lacking();
    expect(await auth.logout()).toEqual({ server: "told" });
  });

  test("is complete when the metadata cannot be read after all", async () => {
    const { my, auth } = await lacking();
    Object.assign(my.server, { missingEndpoints: () => Promise.reject(new NetworkError("gone")) });
    expect(await auth.logout()).toEqual({ server: "told" });
  });
});
