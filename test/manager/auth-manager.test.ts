import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ConfigurationError, NoTokenError } from "../../src/core/errors.ts";
import { ADA, answerOf, expiredRow, KEY, settle, testClock, USUAL } from "../refresh/tabs.ts";
import { goodRow, loginAnswer, REDIRECT_URI, remember, world } from "./fixture.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const RESPONSE = `${REDIRECT_URI}?code=c&state=s&iss=i&keep=1`;

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
      vi.spyOn(my.users, "getDefault"),
    ];
    expect(auth.getToken()).toBe(auth.getToken());
    expect(await auth.getToken()).toBe("at1");
    for (const call of touched) expect(call).not.toHaveBeenCalled();
  });

  test("takes one read of the store after start", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const read = vi.spyOn(my.users, "getDefault");
    const auth = my.tab();
    auth.start();
    expect(read).toHaveBeenCalledTimes(1);
    expect(await auth.getToken()).toBe("at1");
    expect(read).toHaveBeenCalledTimes(1);
  });

  test.for(["wall", "monotonic"])(
    "believes the %s clock when it says that the token is dead",
    async (which) => {
      const my = world({
        ...testClock,
        now: () => Date.now() + (which === "wall" ? jump : 0),
        mono: () => performance.now() + (which === "wall" ? 0 : jump),
      });
      let jump = 0;
      await remember(my, goodRow(expiredRow()));
      const auth = my.tab();
      auth.start();
      const held = auth.getToken();
      await held;
      const hot = auth.getToken();
      expect(auth.getToken()).toBe(hot);
      jump = 61_000;
      expect(auth.getToken()).not.toBe(hot);
    },
  );
});

describe("a token near its end", () => {
  test("is given at once while one refresh goes on behind it, whoever asks", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    await auth.getToken();
    await vi.advanceTimersByTimeAsync(41_000);
    my.refreshes.push(answerOf(2));
    expect(await Promise.all([auth.getToken(), auth.getToken(), auth.getToken()])).toEqual([
      "at1",
      "at1",
      "at1",
    ]);
    await settle();
    expect(await auth.getToken()).toBe("at2");
    expect(my.sends).toBe(1);
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
    my.go = async () => RESPONSE;
    await auth.login();
    const state = auth.state;
    await auth.getUser();
    expect(auth.state).toBe(state);
    leave();
    await auth.signOut();
    expect(seen).toEqual(["anonymous", "authenticating", "authenticated"]);
  });

  test("tells which tab got the token, without showing it", async () => {
    const my = world();
    await remember(my, expiredRow());
    const [a, b] = [my.tab(), my.tab()];
    a.start();
    b.start();
    await settle();
    expect(a.state).toMatchObject({ freshness: "stale", token: { origin: "stored" } });
    my.refreshes.push(answerOf(2));
    expect(await Promise.all([a.getToken(), b.getToken()])).toEqual(["at2", "at2"]);
    await settle();
    expect(a.state).toMatchObject({ freshness: "fresh", token: { origin: "this-tab" } });
    expect(b.state).toMatchObject({ freshness: "fresh", token: { origin: "other-tab" } });
    expect(JSON.stringify(a.state)).not.toMatch(/at\d|rt\d/);
  });

  test("after dispose no longer follows the other tabs, until start", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const [a, b] = [my.tab(), my.tab()];
    a.start();
    b.start();
    await settle();
    a.dispose();
    await b.signOut();
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
    expect(my.trips).toHaveLength(1);
  });

  test("replaces the row's session and fences what was going on", async () => {
    const my = world();
    await remember(my, {
      ...expiredRow(),
      gen: 7,
      seq: 9,
      cseq: 8,
      att: { id: "x", seq: 9, tab: "t", want: USUAL, n: 1, tries: 2 },
    });
    my.go = async () => RESPONSE;
    const auth = my.tab();
    auth.start();
    expect(await auth.login()).toMatchObject({ sub: ADA, name: "Ada" });
    const row = await my.store.get(KEY);
    expect(row).toMatchObject({ gen: 8, seq: 10, cseq: 10, att: null, end: null, renewable: true });
    expect(row!.sid).not.toBe("s1");
    expect(row!.access).toEqual({
      [USUAL]: { gen: 8, expiresAt: expect.any(Number), scope: ["openid"] },
    });
    expect(row!.tokens).toMatchObject({ refreshToken: "rt1", idTokenVerified: true });
  });

  test("by getToken() goes once for all who ask, and only from a page that may", async () => {
    const my = world();
    const auth = my.tab();
    auth.start();
    await expect(auth.getToken()).rejects.toBeInstanceOf(NoTokenError);
    expect(my.trips).toHaveLength(0);
    my.page.mayNavigate = true;
    await expect(auth.getToken({ prompt: "none" })).rejects.toBeInstanceOf(NoTokenError);
    expect(my.trips).toHaveLength(0);
    my.go = async () => RESPONSE;
    expect(await Promise.all([auth.getToken(), auth.getToken()])).toEqual(["at1", "at1"]);
    expect(my.trips).toHaveLength(1);
  });

  test("asked for by prompt goes although a token is there", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.go = async () => RESPONSE;
    my.server.exchange = async () => loginAnswer({ accessToken: "at9" });
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken({ prompt: "login" })).toBe("at9");
    expect(my.trips).toHaveLength(1);
  });

  test("does not write the session of a newer Latchkey", async () => {
    const my = world();
    await remember(my, { ...expiredRow(), v: 2 as 1 });
    my.go = async () => RESPONSE;
    const auth = my.tab();
    await expect(auth.login()).rejects.toBeInstanceOf(ConfigurationError);
    expect(await my.store.get(KEY)).toMatchObject({ v: 2, sid: "s1" });
  });
});

describe("a callback", () => {
  test("is taken by start, cleans the address bar at once and keeps what is not of the response", async () => {
    const my = world();
    my.page.url = RESPONSE;
    const auth = my.tab();
    auth.start();
    expect(my.page.url).toBe(`${REDIRECT_URI}?keep=1`);
    expect(await auth.getToken()).toBe("at1");
  });

  test("gives the same result to every call, in this instance and another", async () => {
    const my = world();
    my.page.url = RESPONSE;
    my.server.exchange = vi.fn(async () => loginAnswer({ returnTo: "/orders" }));
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

  test("looked at again after a sign-out signs nobody in", async () => {
    const my = world();
    const auth = my.tab();
    await auth.handleCallback(RESPONSE);
    await auth.signOut();
    await expect(my.tab().handleCallback(RESPONSE)).rejects.toMatchObject({
      code: "invalid_response",
      parameter: "state",
    });
    expect(auth.state.status).toBe("anonymous");
  });
});

describe("signOut", () => {
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
    await auth.signOut();
    expect(revoked).toEqual([
      "rt1",
      expect.objectContaining({ tokens: null, access: {}, end: { why: "signed_out", seq: 2 } }),
    ]);
    expect(my.page.navigations).toEqual(["https://id.example/end?back=https://app.example/"]);
    await auth.signOut();
    expect(revoked).toHaveLength(2);
  });

  test("holds when the server cannot be told", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.server.revoke = () => Promise.reject(new Error("down"));
    my.server.endSession = () => Promise.reject(new Error("down"));
    const auth = my.tab();
    auth.start();
    await auth.signOut();
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
    await auth.signOut({ revoke: "none", endSession: "none" });
    expect(my.server.revoke).not.toHaveBeenCalled();
    expect(my.page.navigations).toEqual([]);
  });

  test("in the middle of a refresh is not undone by its answer", async () => {
    const my = world();
    await remember(my, expiredRow());
    const auth = my.tab();
    auth.start();
    let answer = () => {};
    my.prepare = () => new Promise((resolve) => (answer = resolve));
    my.refreshes.push(answerOf(2));
    const token = auth.getToken().catch((error: unknown) => error);
    await settle();
    await auth.signOut();
    answer();
    expect(await token).toBeInstanceOf(NoTokenError);
    expect(auth.state.status).toBe("anonymous");
    expect(await my.store.get(KEY)).toMatchObject({ tokens: null, renewable: false });
  });
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
  const { getToken, subscribe } = my.tab();
  expect(await getToken()).toBe("at1");
  expect(typeof subscribe(() => {})).toBe("function");
});
