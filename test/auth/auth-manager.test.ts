import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  CancelledError,
  ConfigurationError,
  InvalidResponseError,
  NetworkError,
  NoTokenError,
  StorageError,
} from "../../src/core/errors.ts";
import { AuthorizationError } from "../../src/core/protocol-errors.ts";
import { sessionKey } from "../../src/core/keys.ts";
import type { TokenRecord } from "../../src/core/session.ts";
import { targetKey } from "../../src/core/token-target.ts";
import {
  ADA,
  responseOf,
  CLIENT,
  expiredRow,
  KEY,
  settle,
  testClock,
  DEFAULT_KEY,
} from "../refresh/tabs.ts";
import {
  goodRow,
  loginResponse,
  REDIRECT_URI,
  remember,
  world,
  type World,
  STATE,
} from "./fixture.ts";
import { two } from "./two-users.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const RESPONSE = `${REDIRECT_URI}?code=c&state=${STATE}&iss=i&keep=1`;

describe("the hot path", () => {
  test("returns the same promise and uses neither store nor lock nor channel", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken()).toBe("at1");
    const received = vi.fn();
    my.channel.listen(received);
    const touched = [
      vi.spyOn(my.store, "get"),
      vi.spyOn(my.store, "open"),
      vi.spyOn(my.users, "getActive"),
      vi.spyOn(my.locks, "request"),
      vi.spyOn(my.locks, "query"),
    ];
    expect(auth.getToken()).toBe(auth.getToken());
    expect(await auth.getToken()).toBe("at1");
    await settle();
    for (const call of [...touched, received]) expect(call).not.toHaveBeenCalled();
  });

  test("reads the store once after start()", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const read = vi.spyOn(my.users, "getActive");
    const auth = my.tab();
    auth.start();
    await settle();
    expect(read).toHaveBeenCalledTimes(1);
    expect(await auth.getToken()).toBe("at1");
    expect(read).toHaveBeenCalledTimes(1);
  });

  test.for(["wall", "monotonic"])(
    "is not taken when the token is expired by the %s clock",
    async (which) => {
      let jump = 0;
      const my = world({
        ...testClock,
        now: () => Date.now() + (which === "wall" ? jump : 0),
        monotonic: () => performance.now() + (which === "wall" ? 0 : jump),
      });
      await remember(my, goodRow(expiredRow()));
      my.refreshes.push(responseOf(2, { expiresAt: Date.now() + 120_000 }));
      const auth = my.tab();
      auth.start();
      expect(await auth.getToken()).toBe("at1");
      jump = 61_000;
      vi.advanceTimersByTime(1);
      expect(await auth.getToken()).toBe("at2");
    },
  );
});

describe("a token for another target", () => {
  const resource = "https://api.example";

  test("is never the default token", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.refreshes.push(responseOf(2, { accessToken: "api2" }));
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken()).toBe("at1");
    expect(await auth.getToken({ resource })).toBe("api2");
    expect(await auth.getToken({ resource })).toBe("api2");
    expect(await auth.getToken()).toBe("at1");
    expect(my.sends).toBe(1);
  });

  test("is available after a login for this target, also without a refresh token", async () => {
    const { refreshToken: _, ...unrenewable } = loginResponse();
    const my = world();
    my.page.mayNavigate = true;
    my.navigate = async () => RESPONSE;
    my.server.exchange = async () => unrenewable;
    const auth = my.tab();
    expect(await auth.getToken({ resource })).toBe("at1");
    expect(await auth.getToken({ resource })).toBe("at1");
    expect(await auth.getToken()).toBe("at1");
    expect(my.roundTrips).toHaveLength(1);

    const later = world();
    later.page.url = RESPONSE;
    later.server.exchange = async () => ({
      ...unrenewable,
      asked: { resource, audience: undefined },
    });
    const again = later.tab();
    again.start();
    expect(await again.getToken({ resource, prompt: "none" })).toBe("at1");
    await expect(again.getToken({ audience: "x", prompt: "none" })).rejects.toMatchObject({
      code: "no_token",
    });
  });

  test("from a login is refreshed before it expires", async () => {
    const my = world();
    my.navigate = async () => RESPONSE;
    my.server.exchange = async () => loginResponse({ expiresAt: Date.now() + 600_000 });
    const auth = my.tab();
    await auth.login({ resource });
    await vi.advanceTimersByTimeAsync(541_000);
    my.refreshes.push(responseOf(2, { accessToken: "api2" }));
    expect(await auth.getToken({ resource })).toBe("at1");
    await settle();
    expect(await auth.getToken({ resource })).toBe("api2");
  });

  test("is any valid token with the requested scopes, not an expired one of its own", async () => {
    const my = world();
    const row = goodRow(expiredRow());
    const own = targetKey({ scope: ["openid"] });
    row.access[own] = { generation: 1, expiresAt: Date.now() - 1, scope: ["openid"] };
    Object.assign((row.tokens as TokenRecord).access, {
      [own]: { token: "old", tokenType: "Bearer" },
    });
    await remember(my, row);
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken({ scope: ["openid"] })).toBe("at1");
  });
});

describe("a token that is about to expire", () => {
  test("is returned to every caller at once while one refresh runs in the background", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    await auth.getToken();
    await vi.advanceTimersByTimeAsync(41_000);
    my.refreshes.push(responseOf(2));
    expect(await Promise.all([auth.getToken(), auth.getToken(), auth.getToken()])).toEqual([
      "at1",
      "at1",
      "at1",
    ]);
    await settle();
    expect(await auth.getToken()).toBe("at2");
    expect(my.sends).toBe(1);
  });

  test("is replaced without a request when another tab has stored a newer one", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    await auth.getToken();
    await vi.advanceTimersByTimeAsync(41_000);
    await my.store.update(KEY, (row) => {
      const access = { [DEFAULT_KEY]: { token: "at2", tokenType: "Bearer" } };
      const tokens = { ...(row!.tokens as TokenRecord), access };
      return { ...goodRow({ ...row!, generation: 2 }), tokens };
    });
    expect(await auth.getToken()).toBe("at2");
    expect(auth.state).toMatchObject({ token: { origin: "other-tab" } });
    expect(my.sends).toBe(0);
  });

  test("is returned until it expires when it cannot be refreshed", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    await vi.advanceTimersByTimeAsync(59_000);
    expect(await auth.getToken()).toBe("at1");
    await vi.advanceTimersByTimeAsync(999);
    expect(await auth.getToken()).toBe("at1");
    expect(auth.state).toMatchObject({ status: "authenticated", freshness: "fresh" });
  });

  test("is not refreshed when no caller asks for it", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.tab().start();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(my.sends).toBe(0);
  });
});

describe("an expired token", () => {
  test("that expired on arrival is returned to waiting callers and not requested again at once", async () => {
    const my = world();
    await remember(my, expiredRow());
    my.refreshes.push(responseOf(2, { expiresAt: Date.now() }));
    const auth = my.tab();
    auth.start();
    for (let call = 0; call < 5; call++) expect(await auth.getToken()).toBe("at2");
    expect(my.sends).toBe(1);
  });

  test("is refreshed and published although the caller has aborted", async () => {
    const my = world();
    await remember(my, expiredRow());
    const auth = my.tab();
    auth.start();
    let prepared = () => {};
    my.prepare = () => new Promise((resolve) => (prepared = resolve));
    my.refreshes.push(responseOf(2));
    const leave = new AbortController();
    const token = auth.getToken({ signal: leave.signal }).catch((error: unknown) => error);
    await settle();
    leave.abort(new Error("aborted"));
    expect(await token).toMatchObject({ message: "aborted" });
    prepared();
    await settle();
    expect(auth.state).toMatchObject({ freshness: "fresh", token: { origin: "this-tab" } });
    expect(await auth.getToken()).toBe("at2");
    expect(my.sends).toBe(1);
  });

  test("leads to the state expired when the ID token of its successor fails validation later", async () => {
    const my = world();
    await remember(my, expiredRow());
    my.refreshes.push(responseOf(2, { idToken: "bad" }));
    let validate = () => {};
    my.validation = () =>
      new Promise((resolve) => (validate = () => resolve({ type: "invalid", claim: "signature" })));
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken()).toBe("at2");
    await vi.advanceTimersByTimeAsync(100);
    validate();
    await settle();
    expect(auth.state.status).toBe("expired");
    await expect(auth.getToken()).rejects.toMatchObject({
      code: "refresh_token",
      reason: "id_token",
    });
  });
});

describe("state", () => {
  test("is one object until something changes, and listeners are called until they unsubscribe", async () => {
    const my = world();
    const auth = my.tab();
    const seen: string[] = [];
    const unsubscribe = auth.subscribe(() => seen.push(auth.state.status));
    expect(auth.state).toBe(auth.state);
    auth.start();
    await settle();
    await remember(my, goodRow(expiredRow()));
    my.navigate = async () => RESPONSE;
    await auth.login();
    const state = auth.state;
    await auth.getUser();
    expect(auth.state).toBe(state);
    unsubscribe();
    await auth.logout();
    expect(seen).toEqual(["anonymous", "authenticating", "authenticated"]);
  });

  test("says that the token is stale as soon as a caller aborts a refresh without a response", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    await auth.getUser();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(auth.state).toMatchObject({ freshness: "fresh" });
    const leave = new AbortController();
    const aborted = auth.getToken({ prompt: "none", signal: leave.signal });
    aborted.catch(() => {});
    await settle();
    leave.abort(new Error("aborted"));
    await expect(aborted).rejects.toThrow("aborted");
    expect(auth.state).toMatchObject({ status: "authenticated", freshness: "stale" });
  });

  test("says that the token is stale when a refresh failed", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.prepare = () => Promise.reject(new NetworkError("offline"));
    const auth = my.tab();
    auth.start();
    await auth.getToken();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(auth.state).toMatchObject({ freshness: "fresh" });
    await expect(auth.getToken()).rejects.toMatchObject({ code: "network" });
    expect(auth.state).toMatchObject({ status: "authenticated", freshness: "stale" });
  });

  test("follows only those messages of other tabs that are about this user", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    auth.start();
    await settle();
    const read = vi.spyOn(my.store, "get");
    const { channel } = my;
    const news = { protocol: 2, from: "other", sessionId: "s1" } as const;
    channel.post({ ...news, key: ADA, type: "claim", sequence: 2, attemptId: "x" });
    channel.post({
      ...news,
      key: "grace",
      type: "done",
      sequence: 2,
      generation: 2,
      target: DEFAULT_KEY,
    });
    channel.post({ ...news, key: "grace", type: "user", what: "login" });
    await settle();
    expect(read).not.toHaveBeenCalled();
    channel.post({
      ...news,
      key: ADA,
      type: "done",
      sequence: 2,
      generation: 2,
      target: DEFAULT_KEY,
    });
    await settle();
    expect(read).toHaveBeenCalledTimes(1);
    channel.post({ ...news, key: ADA, type: "user", what: "login" });
    await settle();
    expect(read).toHaveBeenCalledTimes(2);
  });

  test("is read by the next call when the first read failed", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    vi.spyOn(my.users, "getActive").mockRejectedValueOnce(new StorageError("gone"));
    const auth = my.tab();
    auth.start();
    await expect(auth.getUser()).rejects.toBeInstanceOf(StorageError);
    expect(await auth.getUser()).toMatchObject({ sub: ADA });
    expect(auth.state.status).toBe("authenticated");
  });

  test("says which tab obtained the token, without showing the token", async () => {
    const my = world();
    await remember(my, expiredRow());
    const [a, b] = [my.tab(), my.tab()];
    a.start();
    b.start();
    await settle();
    expect(a.state).toMatchObject({ freshness: "stale", token: { origin: "stored" } });
    my.refreshes.push(responseOf(2));
    expect(await Promise.all([a.getToken(), b.getToken()])).toEqual(["at2", "at2"]);
    await settle();
    expect(a.state).toMatchObject({ freshness: "fresh", token: { origin: "this-tab" } });
    expect(b.state).toMatchObject({ freshness: "fresh", token: { origin: "other-tab" } });
    expect(JSON.stringify(a.state)).not.toMatch(/at\d|rt\d/);
  });

  test("names the user of an ended session for as long as this page knows the user", async () => {
    const my = world();
    await remember(my, expiredRow());
    const [auth, other] = [my.tab(), my.tab()];
    auth.start();
    other.start();
    await settle();
    my.refreshes.push({ type: "invalid_grant" });
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({
      code: "refresh_token",
    });
    await settle();
    for (const { state } of [auth, other]) {
      expect(state).toMatchObject({
        status: "expired",
        reason: "session_ended",
        user: { sub: ADA },
      });
    }
    await my.users.putDefault("grace");
    await my.store.update(
      sessionKey(CLIENT, "grace"),
      (row) =>
        row ?? { ...expiredRow(), end: { reason: "session_ended", sequence: 1 }, tokens: null },
    );
    const later = my.tab();
    later.start();
    await settle();
    expect(later.state).toMatchObject({ status: "expired", reason: "session_ended" });
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
  });

  test("asks the app's own grant once after the session ended unnoticed", async () => {
    const my = world();
    const soon = { generation: 1, expiresAt: Date.now() + 1_000, scope: ["openid"] };
    await remember(my, { ...expiredRow(), access: { [targetKey({})]: soon } });
    let asked = 0;
    const auth = my.tab({
      requestToken: async () => {
        asked++;
        throw new NoTokenError("there is no user");
      },
    });
    await auth.getToken();
    await vi.advanceTimersByTimeAsync(2_000);
    await my.store.update(KEY, (row) => ({
      ...row!,
      end: { reason: "session_ended", sequence: row!.sequence },
      access: {},
      tokens: null,
    }));
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({
      reason: "session_ended",
    });
    expect(asked).toBe(1);
  });

  test("is read again when a frozen page resumes", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    await auth.getUser();
    // Another tab logged the user out, and this tab did not receive the message.
    await my.store.update(KEY, (row) => ({
      ...row!,
      sessionId: "s2",
      end: { reason: "logged_out", sequence: row!.sequence },
      access: {},
      tokens: null,
    }));
    expect(auth.state.status).toBe("authenticated");
    my.page.wake();
    await settle();
    expect(auth.state).toMatchObject({ status: "anonymous" });
    auth.dispose();
    await remember(my, goodRow(expiredRow()));
    my.page.wake();
    await settle();
    expect(auth.state).toMatchObject({ status: "anonymous" });
  });

  test("does not follow other tabs between dispose() and start()", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const [a, b] = [my.tab(), my.tab()];
    a.start();
    b.start();
    await settle();
    a.dispose();
    await b.logout();
    await settle();
    expect(a.state.status).toBe("authenticated");
    a.start();
    await settle();
    expect(a.state.status).toBe("anonymous");
  });
});

describe("login", () => {
  test("opens the user agent before the first await", () => {
    const my = world();
    const auth = my.tab();
    void auth.login();
    expect(my.roundTrips).toHaveLength(1);
  });

  test("replaces the session in the row and invalidates a running refresh attempt", async () => {
    const my = world();
    await remember(my, {
      ...expiredRow(),
      generation: 7,
      sequence: 9,
      committedSequence: 8,
      attempt: { id: "x", sequence: 9, tab: "t", target: DEFAULT_KEY, uncertainSends: 1, sends: 2 },
    });
    my.navigate = async () => RESPONSE;
    const auth = my.tab();
    auth.start();
    expect(await auth.login()).toMatchObject({ sub: ADA, name: "Ada" });
    const row = await my.store.get(KEY);
    expect(row).toMatchObject({
      generation: 8,
      sequence: 10,
      committedSequence: 10,
      attempt: null,
      end: null,
      renewable: true,
    });
    expect(row!.sessionId).not.toBe("s1");
    expect(row!.access).toEqual({
      [DEFAULT_KEY]: {
        generation: 8,
        expiresAt: expect.any(Number),
        scope: ["openid"],
        lifetimeMs: 60_000,
      },
    });
    expect(row!.tokens).toMatchObject({ refreshToken: "rt1", idTokenVerified: true });
  });

  test("by getToken() starts once for all callers, and only on a page that may navigate", async () => {
    const my = world();
    const auth = my.tab();
    auth.start();
    await expect(auth.getToken()).rejects.toBeInstanceOf(NoTokenError);
    expect(my.roundTrips).toHaveLength(0);
    my.page.mayNavigate = true;
    await expect(auth.getToken({ prompt: "none" })).rejects.toBeInstanceOf(NoTokenError);
    expect(my.roundTrips).toHaveLength(0);
    my.navigate = async () => RESPONSE;
    expect(await Promise.all([auth.getToken(), auth.getToken()])).toEqual(["at1", "at1"]);
    expect(my.roundTrips).toHaveLength(1);
  });

  test("is not started for a temporary failure", async () => {
    const my = world();
    await remember(my, expiredRow());
    my.page.mayNavigate = true;
    my.prepare = () => Promise.reject(new NetworkError("offline"));
    const auth = my.tab();
    auth.start();
    await expect(auth.getToken()).rejects.toMatchObject({ code: "network" });
    expect(my.roundTrips).toHaveLength(0);
  });

  test("that was cancelled is started again by login(), but not by getToken()", async () => {
    const my = world();
    my.page.mayNavigate = true;
    const auth = my.tab();
    auth.start();
    const cancelled = new CancelledError("came back");
    my.navigate = () => Promise.reject(cancelled);
    await expect(auth.getToken()).rejects.toBe(cancelled);
    my.navigate = async () => RESPONSE;
    for (let again = 0; again < 3; again++) {
      await expect(auth.getToken()).rejects.toMatchObject({ code: "no_token", cause: cancelled });
    }
    await auth.login();
    expect(await auth.getToken()).toBe("at1");
    await auth.logout();
    await vi.advanceTimersByTimeAsync(2_000);
    my.page.act();
    expect(await auth.getToken()).toBe("at1");
    expect(my.roundTrips.map(({ closed }) => closed)).toEqual([true, true, true]);
  });

  test("that failed does not stop getToken() from starting a login for a later session", async () => {
    const my = world();
    my.page.mayNavigate = true;
    const [auth, other] = [my.tab(), my.tab()];
    auth.start();
    my.navigate = () => Promise.reject(new CancelledError("came back"));
    await expect(auth.getToken()).rejects.toMatchObject({ code: "cancelled" });
    my.navigate = async () => RESPONSE;
    await other.login();
    await settle();
    await my.store.update(KEY, (row) => ({
      ...row!,
      end: { reason: "session_ended", sequence: 9 },
      tokens: null,
      access: {},
    }));
    expect(await auth.getToken({ cache: "reload" })).toBe("at1");
    expect(my.roundTrips).toHaveLength(3);
  });

  test("starts for a prompt although there is a valid token", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.navigate = async () => RESPONSE;
    my.server.exchange = async () => loginResponse({ accessToken: "at9" });
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken({ prompt: "login" })).toBe("at9");
    expect(my.roundTrips).toHaveLength(1);
  });

  test("does not overwrite a session row of a newer Latchkey version", async () => {
    const my = world();
    await remember(my, { ...expiredRow(), version: 3 as 2 });
    my.navigate = async () => RESPONSE;
    const auth = my.tab();
    await expect(auth.login()).rejects.toBeInstanceOf(ConfigurationError);
    expect(await my.store.get(KEY)).toMatchObject({ version: 3, sessionId: "s1" });
  });
});

describe("a callback", () => {
  test("is handled by every instance that starts in the same task, with one code exchange", async () => {
    const my = world();
    my.page.url = RESPONSE;
    my.page.mayNavigate = true;
    my.server.exchange = vi.fn(async () => loginResponse({ returnTo: "/orders" }));
    const first = my.tab();
    first.start();
    const result = first.handleCallback();
    first.dispose();
    const second = my.tab();
    second.start();
    const results = await Promise.all([result, second.handleCallback(), second.handleCallback()]);
    for (const each of results)
      expect(each).toMatchObject({ user: { sub: ADA }, returnTo: "/orders" });
    expect(await second.getToken()).toBe("at1");
    expect(my.roundTrips).toHaveLength(0);
    expect(my.server.exchange).toHaveBeenCalledTimes(1);
  });

  test("that fails does not make getToken() start another login", async () => {
    const my = world();
    my.page.url = `${REDIRECT_URI}?error=access_denied&state=${STATE}`;
    my.page.mayNavigate = true;
    const denied = new AuthorizationError({ error: "access_denied" }, "x");
    my.server.exchange = () => Promise.reject(denied);
    const auth = my.tab();
    auth.start();
    await expect(auth.getToken()).rejects.toMatchObject({ code: "no_token", cause: denied });
    expect(my.roundTrips).toHaveLength(0);
    my.server.exchange = async () => loginResponse();
    my.navigate = async () => RESPONSE;
    await auth.login();
    expect(await auth.getToken()).toBe("at1");
  });

  test("of another client on the same page does not stop this client from its own login", async () => {
    const my = world();
    my.page.url = RESPONSE;
    my.page.mayNavigate = true;
    const foreign = new InvalidResponseError("client_id", "another client's", "x");
    my.server.exchange = vi.fn(() => Promise.reject(foreign));
    const auth = my.tab();
    auth.start();
    void auth.getToken().catch(() => {});
    await settle();
    await settle();
    expect(my.roundTrips).toHaveLength(1);
  });

  test("that failed because of the network can be handled again", async () => {
    const my = world();
    my.page.url = RESPONSE;
    my.server.exchange = vi
      .fn(async () => loginResponse())
      .mockRejectedValueOnce(new NetworkError("discovery"));
    const auth = my.tab();
    await expect(auth.handleCallback()).rejects.toMatchObject({ retryable: true });
    expect(await auth.handleCallback()).toMatchObject({ user: { sub: ADA } });
    expect(auth.state.status).toBe("authenticated");
  });

  test("succeeds although the callback ledger cannot be written", async () => {
    const my = world();
    vi.spyOn(my.ledger, "put").mockRejectedValueOnce(new StorageError("full"));
    const auth = my.tab();
    expect(await auth.handleCallback(RESPONSE)).toMatchObject({ user: { sub: ADA } });
    expect(auth.state.status).toBe("authenticated");
  });

  test.for([
    `${RESPONSE}&access_token=SECRET#id_token=SECRET`,
    `${REDIRECT_URI}#state=${STATE}&access_token=SECRET`,
  ])("with tokens in its URL leaves none in the address bar: %s", async (url) => {
    const my = world();
    my.page.url = url;
    my.server.exchange = () => Promise.reject(new InvalidResponseError("access_token", "x", "x"));
    my.tab().start();
    await settle();
    expect(my.page.url).not.toMatch(/SECRET|code|state/);
  });

  test("with a malformed URL is refused", async () => {
    await expect(world().tab().handleCallback("http://[")).rejects.toMatchObject({
      code: "invalid_response",
      parameter: "url",
    });
  });

  test("is handled by start(), which removes only the response parameters from the address bar", async () => {
    const my = world();
    my.page.url = RESPONSE;
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken()).toBe("at1");
    expect(my.page.url).toBe(`${REDIRECT_URI}?keep=1`);
  });

  test("returns the same result to every call, also in another instance", async () => {
    const my = world();
    my.page.url = RESPONSE;
    my.server.exchange = vi.fn(async () => loginResponse({ returnTo: "/orders" }));
    const [auth, other] = [my.tab(), my.tab()];
    auth.start();
    const results = await Promise.all([
      auth.handleCallback(),
      auth.handleCallback(RESPONSE),
      other.handleCallback(RESPONSE),
    ]);
    expect(results[0]).toMatchObject({ user: { sub: ADA }, returnTo: "/orders" });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    expect(my.server.exchange).toHaveBeenCalledTimes(1);
  });

  test("is refused when it is handled again after another user logged in", async () => {
    const my = world();
    const auth = my.tab();
    await auth.handleCallback(RESPONSE);
    my.navigate = async () => `${RESPONSE}2`;
    my.server.exchange = async () =>
      loginResponse({ user: { sub: "grace", claims: { sub: "grace" } } });
    await auth.login();
    await expect(my.tab().handleCallback(RESPONSE)).rejects.toMatchObject({
      code: "invalid_response",
    });
  });

  test("is refused when it is handled again in the tab of another user, and its session stays", async () => {
    const my = await two();
    await my.tab().handleCallback(RESPONSE);
    const auth = my.tab();
    await auth.switchUser("grace");
    await expect(auth.handleCallback(RESPONSE)).rejects.toMatchObject({
      code: "invalid_response",
      message: expect.stringContaining("is not this tab's user"),
    });
    expect(await auth.getToken({ user: ADA })).toBe("at1");
  });

  test("is refused when it is handled again after a logout", async () => {
    const my = world();
    const auth = my.tab();
    await auth.handleCallback(RESPONSE);
    await auth.logout();
    await expect(my.tab().handleCallback(RESPONSE)).rejects.toMatchObject({
      code: "invalid_response",
      parameter: "state",
    });
    expect(auth.state.status).toBe("anonymous");
  });
});

describe("logout", () => {
  /** Delays the result of the next session write until the returned function is called. */
  function holdNextUpdate(my: World): () => void {
    const update = my.store.update.bind(my.store);
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    vi.spyOn(my.store, "update").mockImplementationOnce(async (key, change) => {
      const row = await update(key, change);
      await held;
      return row;
    });
    return () => release();
  }

  test.for([ADA, "grace"])("does not undo a login of %s that completes meanwhile", async (sub) => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.navigate = async () => RESPONSE;
    my.server.exchange = async () => loginResponse({ user: { sub, claims: { sub } } });
    const [a, b] = [my.tab(), my.tab()];
    a.start();
    b.start();
    await settle();
    const release = holdNextUpdate(my);
    const out = a.logout();
    await settle();
    await b.login();
    release();
    await out;
    await settle();
    expect(b.state).toMatchObject({ status: "authenticated", user: { sub } });
    // The tab that logged out does not take the user of another tab's login.
    expect(a.state).toMatchObject(
      sub === ADA ? { status: "authenticated", user: { sub } } : { status: "anonymous" },
    );
  });

  test("is not part of a login as another user: the first session stays", async () => {
    const my = world();
    my.navigate = async () => RESPONSE;
    const auth = my.tab();
    auth.start();
    await auth.login();
    my.server.exchange = async () =>
      loginResponse({ user: { sub: "grace", claims: { sub: "grace" } } });
    await auth.login();
    expect(await my.store.get(KEY)).toMatchObject({ end: null, renewable: true });
    expect(auth.state).toMatchObject({ user: { sub: "grace" } });
    expect(await auth.getToken({ user: ADA })).toBe("at1");
  });

  test("reaches the server and every listener although one listener throws", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.server.revoke = vi.fn(async () => {});
    const auth = my.tab();
    auth.start();
    await settle();
    const uncaught: unknown[] = [];
    const caught = vi.spyOn(globalThis, "queueMicrotask").mockImplementation((task) => {
      try {
        task();
      } catch (error) {
        uncaught.push(error);
      }
    });
    const received = vi.fn();
    auth.subscribe(() => {
      throw new Error("the app's own");
    });
    auth.subscribe(received);
    await auth.logout();
    caught.mockRestore();
    expect(received).toHaveBeenCalledTimes(1);
    expect(my.server.revoke).toHaveBeenCalledTimes(1);
    expect(uncaught).toEqual([new Error("the app's own")]);
  });

  test("clears the session before it revokes the token, and revokes once", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    const revoked: unknown[] = [];
    my.server.revoke = async (token) => {
      revoked.push(token, await my.store.get(KEY));
    };
    my.server.endSession = async ({ postLogoutRedirectUri }) =>
      `https://id.example/end?back=${postLogoutRedirectUri}`;
    await auth.logout();
    expect(revoked).toEqual([
      "rt1",
      expect.objectContaining({
        tokens: null,
        access: {},
        end: { reason: "logged_out", sequence: 2 },
      }),
    ]);
    expect(my.page.navigations).toEqual(["https://id.example/end?back=https://app.example/"]);
    await auth.logout();
    expect(revoked).toHaveLength(2);
  });

  test("stays on the page when offline", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.page.isOnline = false;
    my.server.revoke = () => Promise.reject(new NetworkError("offline"));
    my.server.endSession = async () => "https://id.example/end";
    const auth = my.tab();
    auth.start();
    await auth.logout();
    expect(my.page.navigations).toEqual([]);
  });

  test("succeeds locally when the server cannot be reached", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.server.revoke = () => Promise.reject(new Error("down"));
    my.server.endSession = () => Promise.reject(new Error("down"));
    const auth = my.tab();
    auth.start();
    await auth.logout();
    expect(auth.state).toMatchObject({ status: "anonymous" });
    await expect(auth.getToken()).rejects.toBeInstanceOf(NoTokenError);
  });

  test("sends nothing to the server when both options are none", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.server.revoke = vi.fn(async () => {});
    my.server.endSession = vi.fn(async () => "https://id.example/end");
    const auth = my.tab();
    auth.start();
    await auth.logout({ revoke: "none", endSession: "none" });
    expect(my.server.revoke).not.toHaveBeenCalled();
    expect(my.page.navigations).toEqual([]);
  });

  test("sends a state and recognises the response that returns it", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const states: (string | undefined)[] = [];
    my.server.endSession = async ({ state }) => {
      states.push(state);
      return "https://id.example/end";
    };
    const auth = my.tab();
    auth.start();
    await auth.logout();
    expect(states).toEqual([expect.stringMatching(/./)]);
    my.page.url = `https://app.example/?tab=2&state=${states[0]}`;
    my.tab().start();
    await settle();
    expect(my.page.url).toBe("https://app.example/?tab=2");
  });

  test.for(["https://app.example/?state=forged", "https://app.example/other?state=STATE"])(
    "ignores a URL that is not its response: %s",
    async (url) => {
      const my = world();
      await remember(my, goodRow(expiredRow()));
      let state: string | undefined;
      my.server.endSession = async (request) => {
        state = request.state;
        return "https://id.example/end";
      };
      const auth = my.tab();
      auth.start();
      await auth.logout();
      await remember(my, goodRow(expiredRow()));
      my.page.url = url.replace("STATE", state!);
      const next = my.tab();
      next.start();
      await settle();
      expect(my.page.url).toBe(url.replace("STATE", state!));
      expect(next.state.status).toBe("authenticated");
    },
  );

  test("during a refresh is not undone by the refresh response", async () => {
    const my = world();
    await remember(my, expiredRow());
    const auth = my.tab();
    auth.start();
    let response = () => {};
    my.prepare = () => new Promise((resolve) => (response = resolve));
    my.refreshes.push(responseOf(2));
    const token = auth.getToken().catch((error: unknown) => error);
    await settle();
    await auth.logout();
    response();
    expect(await token).toBeInstanceOf(NoTokenError);
    expect(auth.state.status).toBe("anonymous");
    expect(await my.store.get(KEY)).toMatchObject({ tokens: null, renewable: false });
  });
});

test("a store that cannot be read does not leave the state authenticating", async () => {
  const my = world();
  vi.spyOn(my.users, "getActive").mockRejectedValue(new StorageError("gone"));
  my.server.authorize = () => Promise.reject(new StorageError("gone"));
  const auth = my.tab();
  auth.start();
  await expect(auth.login()).rejects.toBeInstanceOf(StorageError);
  expect(auth.state).toMatchObject({ status: "anonymous", error: { code: "storage" } });
});

test("messages of other tabs at start() do not make the user appear logged out", async () => {
  const my = world();
  await remember(my, goodRow(expiredRow()));
  const read = my.users.getActive.bind(my.users);
  let reads = 0;
  vi.spyOn(my.users, "getActive").mockImplementation(async () => {
    const late = ++reads * 10;
    const found = await read();
    await new Promise((resolve) => setTimeout(resolve, late));
    return found;
  });
  my.navigate = async () => RESPONSE;
  const [auth, other] = [my.tab(), my.tab()];
  auth.start();
  const user = auth.getUser();
  void other.login();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await user).toMatchObject({ sub: ADA });
});

test("a signal also ends the wait for a login", async () => {
  const my = world();
  my.page.mayNavigate = true;
  const auth = my.tab();
  auth.start();
  const leave = new AbortController();
  const token = auth.getToken({ signal: leave.signal }).catch((error: unknown) => error);
  await settle();
  expect(my.roundTrips).toHaveLength(1);
  leave.abort(new Error("aborted"));
  expect(await token).toMatchObject({ message: "aborted" });
});

test("getToken() rejects with the reason of an aborted signal", async () => {
  const my = world();
  await remember(my, expiredRow());
  const auth = my.tab();
  auth.start();
  const reason = new Error("enough");
  await expect(auth.getToken({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const leave = new AbortController();
  const token = auth.getToken({ signal: leave.signal }).catch((error: unknown) => error);
  await settle();
  leave.abort(reason);
  expect(await token).toBe(reason);
});

test("members of Auth work when they are called without their object", async () => {
  const my = world();
  await remember(my, goodRow(expiredRow()));
  const { getToken, getUser, logout, subscribe, start, dispose } = my.tab();
  start();
  const received = vi.fn();
  subscribe(received);
  expect(await getToken()).toBe("at1");
  expect(await getUser()).toMatchObject({ sub: ADA });
  await logout();
  expect(received).toHaveBeenCalledTimes(2);
  dispose();
});
