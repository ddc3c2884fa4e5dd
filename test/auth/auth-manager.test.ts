import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  AuthorizationError,
  CancelledError,
  ConfigurationError,
  InvalidResponseError,
  NetworkError,
  NoTokenError,
  StorageError,
} from "../../src/core/errors.ts";
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
  test("gives the same promise and touches neither store nor lock nor channel", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken()).toBe("at1");
    const touched = [
      vi.spyOn(my.store, "get"),
      vi.spyOn(my.store, "open"),
      vi.spyOn(my.users, "getActive"),
    ];
    expect(auth.getToken()).toBe(auth.getToken());
    expect(await auth.getToken()).toBe("at1");
    for (const call of touched) expect(call).not.toHaveBeenCalled();
  });

  test("takes one read of the store after start", async () => {
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
    "is left when the %s clock says that the token is dead",
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

describe("a token for something else", () => {
  const resource = "https://api.example";

  test("is never the usual one", async () => {
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

  test("that a login was for is there after it, without a refresh token, too", async () => {
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

  test("that came with a login is renewed before its end", async () => {
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

  test("of scopes that were granted is any good one that has them, not an older one of its own", async () => {
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

describe("a token near its end", () => {
  test("is given at once while one refresh goes on behind it, whoever asks", async () => {
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

  test("whose successor is stored already, unheard of, is replaced by it without a request", async () => {
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

  test("that cannot be refreshed now is served to its very end", async () => {
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

  test("nobody asks for is left alone", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.tab().start();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(my.sends).toBe(0);
  });
});

describe("a token that is dead", () => {
  test("at birth is given to who waited, and not asked for again at once", async () => {
    const my = world();
    await remember(my, expiredRow());
    my.refreshes.push(responseOf(2, { expiresAt: Date.now() }));
    const auth = my.tab();
    auth.start();
    for (let call = 0; call < 5; call++) expect(await auth.getToken()).toBe("at2");
    expect(my.sends).toBe(1);
  });

  test("is renewed and published even when whoever asked has left", async () => {
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
    leave.abort(new Error("left"));
    expect(await token).toMatchObject({ message: "left" });
    prepared();
    await settle();
    expect(auth.state).toMatchObject({ freshness: "fresh", token: { origin: "this-tab" } });
    expect(await auth.getToken()).toBe("at2");
    expect(my.sends).toBe(1);
  });

  test("is not served by the own tab after its successor's ID token turned out bad, however late", async () => {
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
  test("is one object until something changes, and listeners hear each change until they leave", async () => {
    const my = world();
    const auth = my.tab();
    const seen: string[] = [];
    const leave = auth.subscribe(() => seen.push(auth.state.status));
    expect(auth.state).toBe(auth.state);
    auth.start();
    await settle();
    await remember(my, goodRow(expiredRow()));
    my.navigate = async () => RESPONSE;
    await auth.login();
    const state = auth.state;
    await auth.getUser();
    expect(auth.state).toBe(state);
    leave();
    await auth.logout();
    expect(seen).toEqual(["anonymous", "authenticating", "authenticated"]);
  });

  test("says that the token is stale as soon as somebody leaves a refresh that brings nothing", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    await auth.getUser();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(auth.state).toMatchObject({ freshness: "fresh" });
    const leave = new AbortController();
    const left = auth.getToken({ prompt: "none", signal: leave.signal });
    left.catch(() => {});
    await settle();
    leave.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    expect(auth.state).toMatchObject({ status: "authenticated", freshness: "stale" });
  });

  test("says that the token is stale when a refresh did not work out", async () => {
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

  test("follows what other tabs say of this person, and nothing else", async () => {
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

  test("that could not be read is read by the next call", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    vi.spyOn(my.users, "getActive").mockRejectedValueOnce(new StorageError("gone"));
    const auth = my.tab();
    auth.start();
    await expect(auth.getUser()).rejects.toBeInstanceOf(StorageError);
    expect(await auth.getUser()).toMatchObject({ sub: ADA });
    expect(auth.state.status).toBe("authenticated");
  });

  test("tells which tab got the token, without showing it", async () => {
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

  test("of an ended session says whose it was, for as long as this page knows", async () => {
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
        reason: "invalid_grant",
        user: { sub: ADA },
      });
    }
    await my.users.putDefault("grace");
    await my.store.update(
      sessionKey(CLIENT, "grace"),
      (row) =>
        row ?? { ...expiredRow(), end: { reason: "invalid_grant", sequence: 1 }, tokens: null },
    );
    const later = my.tab();
    later.start();
    await settle();
    expect(later.state).toEqual({ status: "expired", reason: "invalid_grant" });
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
  });

  test("whose session ended unseen asks an app's own grant once", async () => {
    const my = world();
    const soon = { generation: 1, expiresAt: Date.now() + 1_000, scope: ["openid"] };
    await remember(my, { ...expiredRow(), access: { [targetKey({})]: soon } });
    let asked = 0;
    const auth = my.tab({
      requestToken: async () => {
        asked++;
        throw new NoTokenError("nobody is here");
      },
    });
    await auth.getToken();
    await vi.advanceTimersByTimeAsync(2_000);
    await my.store.update(KEY, (row) => ({
      ...row!,
      end: { reason: "invalid_grant", sequence: row!.sequence },
      access: {},
      tokens: null,
    }));
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({
      reason: "invalid_grant",
    });
    expect(asked).toBe(1);
  });

  test("that slept looks at what it missed when it wakes", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    await auth.getUser();
    // Signed out in another tab, whose word this one did not hear.
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
    expect(auth.state).toEqual({ status: "anonymous" });
    auth.dispose();
    await remember(my, goodRow(expiredRow()));
    my.page.wake();
    await settle();
    expect(auth.state).toEqual({ status: "anonymous" });
  });

  test("after dispose no longer follows the other tabs, until start", async () => {
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
  test("opens its way before the first await", () => {
    const my = world();
    const auth = my.tab();
    void auth.login();
    expect(my.roundTrips).toHaveLength(1);
  });

  test("replaces the row's session and fences what was going on", async () => {
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

  test("by getToken() goes once for all who ask, and only from a page that may", async () => {
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

  test("is not offered for a passing failure", async () => {
    const my = world();
    await remember(my, expiredRow());
    my.page.mayNavigate = true;
    my.prepare = () => Promise.reject(new NetworkError("offline"));
    const auth = my.tab();
    auth.start();
    await expect(auth.getToken()).rejects.toMatchObject({ code: "network" });
    expect(my.roundTrips).toHaveLength(0);
  });

  test("that was cancelled is not begun again by getToken(), but by the person", async () => {
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

  test("that failed does not keep getToken() from a later session's login page", async () => {
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
      end: { reason: "invalid_grant", sequence: 9 },
      tokens: null,
      access: {},
    }));
    expect(await auth.getToken({ cache: "reload" })).toBe("at1");
    expect(my.roundTrips).toHaveLength(3);
  });

  test("asked for by prompt goes although a token is there", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.navigate = async () => RESPONSE;
    my.server.exchange = async () => loginResponse({ accessToken: "at9" });
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken({ prompt: "login" })).toBe("at9");
    expect(my.roundTrips).toHaveLength(1);
  });

  test("does not write the session of a newer Latchkey", async () => {
    const my = world();
    await remember(my, { ...expiredRow(), version: 3 as 2 });
    my.navigate = async () => RESPONSE;
    const auth = my.tab();
    await expect(auth.login()).rejects.toBeInstanceOf(ConfigurationError);
    expect(await my.store.get(KEY)).toMatchObject({ version: 3, sessionId: "s1" });
  });
});

describe("a callback", () => {
  test("is seen by every instance that begins in the same task, and is one exchange", async () => {
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

  test("that fails does not send getToken() round in circles", async () => {
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

  test("of another client on the same page does not keep this one from its own login", async () => {
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

  test("that failed for want of a network can be taken again", async () => {
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

  test("stands although nobody can write down that it was handled", async () => {
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

  test("of a URL that is none is refused", async () => {
    await expect(world().tab().handleCallback("http://[")).rejects.toMatchObject({
      code: "invalid_response",
      parameter: "url",
    });
  });

  test("is taken by start, cleans the address bar and keeps what is not of the response", async () => {
    const my = world();
    my.page.url = RESPONSE;
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken()).toBe("at1");
    expect(my.page.url).toBe(`${REDIRECT_URI}?keep=1`);
  });

  test("gives the same result to every call, in this instance and another", async () => {
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

  test("looked at again after another person signed in is not theirs", async () => {
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

  test("looked at again in a tab that is for another person by now says so, whose session is not over", async () => {
    const my = await two();
    await my.tab().handleCallback(RESPONSE);
    const auth = my.tab();
    await auth.switchUser("grace");
    await expect(auth.handleCallback(RESPONSE)).rejects.toMatchObject({
      code: "invalid_response",
      message: "state: this response was used, and whom it signed in is not in this tab",
    });
    expect(await auth.getToken({ user: ADA })).toBe("at1");
  });

  test("looked at again after a sign-out signs nobody in", async () => {
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
  /** Stops the next write of a session after it was made. */
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

  test.for([ADA, "grace"])("does not undo the login of %s that comes in between", async (sub) => {
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
    // Who signed out does not become another person by somebody else's login.
    expect(a.state).toMatchObject(
      sub === ADA ? { status: "authenticated", user: { sub } } : { status: "anonymous" },
    );
  });

  test("leaves the session of whoever was signed in before", async () => {
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

  test("is told to the server and the other tabs although a listener throws", async () => {
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

  test("empties the session before the server is told, and tells it once", async () => {
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

  test("offline stays on the page", async () => {
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

  test("holds when the server cannot be told", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.server.revoke = () => Promise.reject(new Error("down"));
    my.server.endSession = () => Promise.reject(new Error("down"));
    const auth = my.tab();
    auth.start();
    await auth.logout();
    expect(auth.state).toEqual({ status: "anonymous" });
    await expect(auth.getToken()).rejects.toBeInstanceOf(NoTokenError);
  });

  test("tells the server nothing when it is not to", async () => {
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

  test("sends a state, and knows the answer that brings it back", async () => {
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
    "leaves alone what is no answer to it: %s",
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

  test("in the middle of a refresh is not undone by its answer", async () => {
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

test("a store that cannot be read leaves no login under way for ever", async () => {
  const my = world();
  vi.spyOn(my.users, "getActive").mockRejectedValue(new StorageError("gone"));
  my.server.authorize = () => Promise.reject(new StorageError("gone"));
  const auth = my.tab();
  auth.start();
  await expect(auth.login()).rejects.toBeInstanceOf(StorageError);
  expect(auth.state).toMatchObject({ status: "anonymous", error: { code: "storage" } });
});

test("news of other tabs at the start do not make anybody look signed out", async () => {
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

test("a signal ends the wait for a login page, too", async () => {
  const my = world();
  my.page.mayNavigate = true;
  const auth = my.tab();
  auth.start();
  const leave = new AbortController();
  const token = auth.getToken({ signal: leave.signal }).catch((error: unknown) => error);
  await settle();
  expect(my.roundTrips).toHaveLength(1);
  leave.abort(new Error("left"));
  expect(await token).toMatchObject({ message: "left" });
});

test("an aborted signal rejects with its reason", async () => {
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

test("members that are handed around keep their object", async () => {
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
