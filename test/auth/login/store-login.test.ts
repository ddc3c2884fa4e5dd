import { describe, expect, test, vi } from "vitest";
import { UserFetchError } from "../../../src/core/user-fetch-error.ts";
import { sessionKey } from "../../../src/core/keys.ts";
import type { TabMessage } from "../../../src/core/message.ts";
import type { TokenSet } from "../../../src/core/token-set.ts";
import type { UserFetcher } from "../../../src/core/user-fetcher.ts";
import { storeLogin, userOf } from "../../../src/auth/login/store-login.ts";
import { localLogout } from "../../../src/auth/logout/local-logout.ts";
import { MemorySessionStore } from "../../support/memory-session-store.ts";
import { MemoryTabHub } from "../../support/memory-tab-channel.ts";
import { MemoryUserStore } from "../../support/memory-user-store.ts";
import { ADA, CLIENT, expiredRow, KEY, settle, testClock } from "../../refresh/tabs.ts";
import { loginResponse } from "../fixture.ts";

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
  const parts = {
    storeLogin: async (response: TokenSet, userFetcher?: UserFetcher) => {
      const asks = { ...config, ...(userFetcher && { userFetcher }) };
      return storeLogin(asks, response, await userOf(asks, response, undefined));
    },
    localLogout: () => localLogout(config),
  };
  return { sessions, users, told, parts };
}

describe("checking in", () => {
  test("stores what was answered, makes the person the default and tells every tab", async () => {
    const { sessions, users, told, parts } = setUp();
    expect(await parts.storeLogin(loginResponse({ authTime: 7 }))).toMatchObject({ sub: ADA });
    expect(await users.getActive()).toMatchObject({
      sub: ADA,
      row: { sessionId: "sid-1", lifetime: "remembered" },
    });
    expect((await sessions.get(KEY))!.tokens).toMatchObject({
      refreshToken: "rt1",
      idToken: "id1",
      authTime: 7,
    });
    await settle();
    expect(told).toEqual([
      { protocol: 2, key: ADA, from: "a", sessionId: "sid-1", type: "user", what: "login" },
    ]);
  });

  test("without a refresh token is a session that cannot be renewed", async () => {
    const { sessions, parts } = setUp();
    const { refreshToken: _, ...response } = { ...loginResponse() };
    await parts.storeLogin(response);
    expect(await sessions.get(KEY)).toMatchObject({ renewable: false });
  });

  test("needs to know who it is", async () => {
    const { users, parts } = setUp();
    const { user: _, ...response } = { ...loginResponse() };
    await expect(parts.storeLogin(response)).rejects.toMatchObject({
      code: "id_token",
      claim: "sub",
    });
    expect(await users.getActive()).toEqual({});
  });

  test("asks the user fetcher who it is when no ID token tells", async () => {
    const { sessions, parts } = setUp();
    const { user: _, idToken: __, ...response } = loginResponse();
    const grace = { sub: "grace", name: "Grace", claims: { sub: "grace" } };
    const fetchUser = vi.fn(async () => grace);
    expect(await parts.storeLogin(response, { fetchUser })).toBe(grace);
    expect(fetchUser).toHaveBeenCalledWith(response, undefined);
    const row = await sessions.get(sessionKey(CLIENT, "grace"));
    expect(row!.tokens).toMatchObject({ user: grace, idTokenVerified: false });
  });

  test("does not ask it when one tells", async () => {
    const { parts } = setUp();
    const fetchUser = vi.fn();
    expect(await parts.storeLogin(loginResponse(), { fetchUser })).toMatchObject({ sub: ADA });
    expect(fetchUser).not.toHaveBeenCalled();
  });

  test("stores nothing when nobody can be told", async () => {
    const { users, parts } = setUp();
    const { user: _, ...response } = loginResponse();
    const error = new UserFetchError("refused", { status: 401, hint: "x" });
    await expect(
      parts.storeLogin(response, { fetchUser: () => Promise.reject(error) }),
    ).rejects.toBe(error);
    expect(await users.getActive()).toEqual({});
  });
});

describe("whether somebody is remembered", () => {
  const lifetimeOf = async (first: Partial<TokenSet>, second: Partial<TokenSet>) => {
    const { sessions, parts } = setUp();
    await parts.storeLogin(loginResponse(first));
    await parts.storeLogin(loginResponse(second));
    const { lifetime, remembered } = (await sessions.get(KEY))!;
    return [lifetime, remembered !== undefined];
  };

  test("stays as it is with an answer that says nothing of it", async () => {
    expect(await lifetimeOf({ lifetime: "tabs" }, {})).toEqual(["tabs", false]);
    expect(await lifetimeOf({ lifetime: "remembered" }, {})).toEqual(["remembered", true]);
    expect(await lifetimeOf({}, {})).toEqual(["remembered", true]);
  });

  test("is never undone by a login", async () => {
    expect(await lifetimeOf({ lifetime: "tabs" }, { lifetime: "remembered" })).toEqual([
      "remembered",
      true,
    ]);
    expect(await lifetimeOf({ lifetime: "remembered" }, { lifetime: "tabs" })).toEqual([
      "remembered",
      true,
    ]);
  });
});

describe("checking out", () => {
  test("gives what the server should forget, once, and keeps nothing of it", async () => {
    const { sessions, told, parts } = setUp();
    await parts.storeLogin(loginResponse());
    expect(await parts.localLogout()).toMatchObject({ refreshToken: "rt1", idToken: "id1" });
    const row = await sessions.get(KEY);
    expect(row).toMatchObject({ sessionId: "sid-2", tokens: null, access: {}, renewable: false });
    expect(await parts.localLogout()).toBeUndefined();
    expect(await sessions.get(KEY)).toEqual(row);
    await settle();
    expect(told.map(({ sessionId, type }) => [sessionId, type])).toEqual([
      ["sid-1", "user"],
      ["sid-2", "user"],
    ]);
  });

  test("of a session that had ended leaves nothing to tell the server", async () => {
    const { sessions, users, parts } = setUp();
    const end = { reason: "invalid_grant", sequence: 1 } as const;
    await sessions.update(KEY, () => ({ ...expiredRow(), end, tokens: null }));
    await users.putDefault(ADA);
    expect(await parts.localLogout()).toBeUndefined();
    expect(await sessions.get(KEY)).toMatchObject({ end: { reason: "logged_out" } });
  });

  test("does not write the session of a newer Latchkey", async () => {
    const { sessions, users, parts } = setUp();
    const newer = { ...expiredRow(), version: 3 as 2 };
    await sessions.update(sessionKey(CLIENT, ADA), () => newer);
    await users.putDefault(ADA);
    await expect(parts.localLogout()).rejects.toMatchObject({
      code: "configuration",
      input: "session",
    });
    expect(await sessions.get(KEY)).toEqual(newer);
  });

  test("lets go of the tokens that it replaced, and of nothing else", async () => {
    const { sessions, parts } = setUp();
    const discard = vi.fn();
    Object.assign(sessions, { discard });
    await parts.storeLogin(loginResponse());
    const { tokens } = (await sessions.get(KEY))!;
    const open = sessions.open.bind(sessions);
    vi.spyOn(sessions, "open").mockImplementationOnce(async (sealed) => {
      await parts.storeLogin(loginResponse({ refreshToken: "newer" }));
      return open(sealed);
    });
    await parts.localLogout();
    expect(discard).toHaveBeenCalledExactlyOnceWith(tokens);
    await parts.localLogout();
    await parts.localLogout();
    expect(discard).toHaveBeenCalledTimes(2);
  });

  test("of nobody is nothing", async () => {
    expect(await setUp().parts.localLogout()).toBeUndefined();
  });
});
