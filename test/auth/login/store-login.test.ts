import { describe, expect, test, vi } from "vitest";
import { UserFetchError } from "../../../src/core/user-fetch-error.ts";
import { sessionKey } from "../../../src/core/keys.ts";
import type { TabMessage } from "../../../src/core/message.ts";
import type { TokenSet } from "../../../src/core/token-set.ts";
import type { UserFetcher } from "../../../src/core/user-fetcher.ts";
import { checkIn, userOf } from "../../../src/auth/login/store-login.ts";
import { checkOut } from "../../../src/auth/logout/local-logout.ts";
import { MemorySessionStore } from "../../support/memory-session-store.ts";
import { MemoryTabHub } from "../../support/memory-tab-channel.ts";
import { MemoryUserStore } from "../../support/memory-user-store.ts";
import { ADA, CLIENT, expiredRow, KEY, settle, testClock } from "../../refresh/tabs.ts";
import { loginAnswer } from "../fixture.ts";

function setUp() {
  const sessions = new MemorySessionStore();
  const users = new MemoryUserStore(sessions, CLIENT);
  const hub = new MemoryTabHub();
  const told: TabMessage[] = [];
  hub.join().listen((message) => told.push(message));
  let ids = 0;
  const random = { id: () => `sid-${++ids}`, fraction: () => 0 };
  const config = {
    client: CLIENT,
    tab: "a",
    sessions,
    users,
    channel: hub.join(),
    random,
    clock: testClock,
  };
  const desk = {
    checkIn: async (answer: TokenSet, userFetcher?: UserFetcher) => {
      const asks = { ...config, ...(userFetcher && { userFetcher }) };
      return checkIn(asks, answer, await userOf(asks, answer, undefined));
    },
    checkOut: () => checkOut(config),
  };
  return { sessions, users, told, desk };
}

describe("checking in", () => {
  test("stores what was answered, makes the person the default and tells every tab", async () => {
    const { sessions, users, told, desk } = setUp();
    expect(await desk.checkIn(loginAnswer({ authTime: 7 }))).toMatchObject({ sub: ADA });
    expect(await users.getActive()).toMatchObject({
      sub: ADA,
      row: { sid: "sid-1", keep: "device" },
    });
    expect((await sessions.get(KEY))!.tokens).toMatchObject({
      refreshToken: "rt1",
      idToken: "id1",
      authTime: 7,
    });
    await settle();
    expect(told).toEqual([{ p: 1, k: ADA, from: "a", sid: "sid-1", t: "user", what: "login" }]);
  });

  test("without a refresh token is a session that cannot be renewed", async () => {
    const { sessions, desk } = setUp();
    const { refreshToken: _, ...answer } = { ...loginAnswer() };
    await desk.checkIn(answer);
    expect(await sessions.get(KEY)).toMatchObject({ renewable: false });
  });

  test("needs to know who it is", async () => {
    const { users, desk } = setUp();
    const { user: _, ...answer } = { ...loginAnswer() };
    await expect(desk.checkIn(answer)).rejects.toMatchObject({ code: "id_token", claim: "sub" });
    expect(await users.getActive()).toEqual({});
  });

  test("asks the user fetcher who it is when no ID token tells", async () => {
    const { sessions, desk } = setUp();
    const { user: _, idToken: __, ...answer } = loginAnswer();
    const grace = { sub: "grace", name: "Grace", claims: { sub: "grace" } };
    const fetchUser = vi.fn(async () => grace);
    expect(await desk.checkIn(answer, { fetchUser })).toBe(grace);
    expect(fetchUser).toHaveBeenCalledWith(answer, undefined);
    const row = await sessions.get(sessionKey(CLIENT, "grace"));
    expect(row!.tokens).toMatchObject({ user: grace, idTokenVerified: false });
  });

  test("does not ask it when one tells", async () => {
    const { desk } = setUp();
    const fetchUser = vi.fn();
    expect(await desk.checkIn(loginAnswer(), { fetchUser })).toMatchObject({ sub: ADA });
    expect(fetchUser).not.toHaveBeenCalled();
  });

  test("stores nothing when nobody can be told", async () => {
    const { users, desk } = setUp();
    const { user: _, ...answer } = loginAnswer();
    const error = new UserFetchError("refused", { status: 401, hint: "x" });
    await expect(desk.checkIn(answer, { fetchUser: () => Promise.reject(error) })).rejects.toBe(
      error,
    );
    expect(await users.getActive()).toEqual({});
  });
});

describe("whether somebody is remembered", () => {
  const keepOf = async (first: Partial<TokenSet>, second: Partial<TokenSet>) => {
    const { sessions, desk } = setUp();
    await desk.checkIn(loginAnswer(first));
    await desk.checkIn(loginAnswer(second));
    const { keep, remembered } = (await sessions.get(KEY))!;
    return [keep, remembered !== undefined];
  };

  test("stays as it is with an answer that says nothing of it", async () => {
    expect(await keepOf({ keep: "tabs" }, {})).toEqual(["tabs", false]);
    expect(await keepOf({ keep: "device" }, {})).toEqual(["device", true]);
    expect(await keepOf({}, {})).toEqual(["device", true]);
  });

  test("is never undone by a login", async () => {
    expect(await keepOf({ keep: "tabs" }, { keep: "device" })).toEqual(["device", true]);
    expect(await keepOf({ keep: "device" }, { keep: "tabs" })).toEqual(["device", true]);
  });
});

describe("checking out", () => {
  test("gives what the server should forget, once, and keeps nothing of it", async () => {
    const { sessions, told, desk } = setUp();
    await desk.checkIn(loginAnswer());
    expect(await desk.checkOut()).toMatchObject({ refreshToken: "rt1", idToken: "id1" });
    const row = await sessions.get(KEY);
    expect(row).toMatchObject({ sid: "sid-2", tokens: null, access: {}, renewable: false });
    expect(await desk.checkOut()).toBeUndefined();
    expect(await sessions.get(KEY)).toEqual(row);
    await settle();
    expect(told.map(({ sid, t }) => [sid, t])).toEqual([
      ["sid-1", "user"],
      ["sid-2", "user"],
    ]);
  });

  test("of a session that had ended leaves nothing to tell the server", async () => {
    const { sessions, users, desk } = setUp();
    const end = { why: "invalid_grant", seq: 1 } as const;
    await sessions.update(KEY, () => ({ ...expiredRow(), end, tokens: null }));
    await users.putDefault(ADA);
    expect(await desk.checkOut()).toBeUndefined();
    expect(await sessions.get(KEY)).toMatchObject({ end: { why: "signed_out" } });
  });

  test("does not write the session of a newer Latchkey", async () => {
    const { sessions, users, desk } = setUp();
    const newer = { ...expiredRow(), v: 2 as 1 };
    await sessions.update(sessionKey(CLIENT, ADA), () => newer);
    await users.putDefault(ADA);
    await expect(desk.checkOut()).rejects.toMatchObject({
      code: "configuration",
      input: "session",
    });
    expect(await sessions.get(KEY)).toEqual(newer);
  });

  test("lets go of the tokens that it replaced, and of nothing else", async () => {
    const { sessions, desk } = setUp();
    const discard = vi.fn();
    Object.assign(sessions, { discard });
    await desk.checkIn(loginAnswer());
    const { tokens } = (await sessions.get(KEY))!;
    const open = sessions.open.bind(sessions);
    vi.spyOn(sessions, "open").mockImplementationOnce(async (sealed) => {
      await desk.checkIn(loginAnswer({ refreshToken: "newer" }));
      return open(sealed);
    });
    await desk.checkOut();
    expect(discard).toHaveBeenCalledExactlyOnceWith(tokens);
    await desk.checkOut();
    await desk.checkOut();
    expect(discard).toHaveBeenCalledTimes(2);
  });

  test("of nobody is nothing", async () => {
    expect(await setUp().desk.checkOut()).toBeUndefined();
  });
});
