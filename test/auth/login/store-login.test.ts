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
  const messages: TabMessage[] = [];
  hub.join().listen((message) => messages.push(message));
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
  return { sessions, users, messages, parts };
}

describe("storing a login", () => {
  test("stores the response, makes the user the default and notifies every tab", async () => {
    const { sessions, users, messages, parts } = setUp();
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
    expect(messages).toEqual([
      { protocol: 2, key: ADA, from: "a", sessionId: "sid-1", type: "user", what: "login" },
    ]);
  });

  test("without a refresh token creates a session that is not renewable", async () => {
    const { sessions, parts } = setUp();
    const { refreshToken: _, ...response } = { ...loginResponse() };
    await parts.storeLogin(response);
    expect(await sessions.get(KEY)).toMatchObject({ renewable: false });
  });

  test("removes what the row says about the previous tokens", async () => {
    const { sessions, parts } = setUp();
    const before = { ...expiredRow(), signature: "pending", uncertain: true } as const;
    await sessions.update(KEY, () => before);
    await parts.storeLogin(loginResponse());
    const row = await sessions.get(KEY);
    expect(row).toMatchObject({ sessionId: "sid-1" });
    expect(row).not.toHaveProperty("signature");
    expect(row).not.toHaveProperty("uncertain");
  });

  test("rejects a response without a user", async () => {
    const { users, parts } = setUp();
    const { user: _, ...response } = { ...loginResponse() };
    await expect(parts.storeLogin(response)).rejects.toMatchObject({
      code: "id_token",
      claim: "sub",
    });
    expect(await users.getActive()).toEqual({});
  });

  test("calls the user fetcher when there is no ID token", async () => {
    const { sessions, parts } = setUp();
    const { user: _, idToken: __, ...response } = loginResponse();
    const grace = { sub: "grace", name: "Grace", claims: { sub: "grace" } };
    const fetchUser = vi.fn(async () => grace);
    expect(await parts.storeLogin(response, { fetchUser })).toBe(grace);
    expect(fetchUser).toHaveBeenCalledWith(response, undefined);
    const row = await sessions.get(sessionKey(CLIENT, "grace"));
    expect(row!.tokens).toMatchObject({ user: grace, idTokenVerified: false });
  });

  test("does not call the user fetcher when there is an ID token", async () => {
    const { parts } = setUp();
    const fetchUser = vi.fn();
    expect(await parts.storeLogin(loginResponse(), { fetchUser })).toMatchObject({ sub: ADA });
    expect(fetchUser).not.toHaveBeenCalled();
  });

  test("stores nothing when the user fetcher fails", async () => {
    const { users, parts } = setUp();
    const { user: _, ...response } = loginResponse();
    const error = new UserFetchError("refused", { status: 401, hint: "x" });
    await expect(
      parts.storeLogin(response, { fetchUser: () => Promise.reject(error) }),
    ).rejects.toBe(error);
    expect(await users.getActive()).toEqual({});
  });
});

describe("the lifetime of a session", () => {
  const lifetimeOf = async (first: Partial<TokenSet>, second: Partial<TokenSet>) => {
    const { sessions, parts } = setUp();
    await parts.storeLogin(loginResponse(first));
    await parts.storeLogin(loginResponse(second));
    const { lifetime, remembered } = (await sessions.get(KEY))!;
    return [lifetime, remembered !== undefined];
  };

  test("stays as it is when a response does not name one", async () => {
    expect(await lifetimeOf({ lifetime: "tabs" }, {})).toEqual(["tabs", false]);
    expect(await lifetimeOf({ lifetime: "remembered" }, {})).toEqual(["remembered", true]);
    expect(await lifetimeOf({}, {})).toEqual(["remembered", true]);
  });

  test("never changes from remembered to tabs by a login", async () => {
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

describe("a local logout", () => {
  test("returns the tokens to revoke once, and stores none of them", async () => {
    const { sessions, messages, parts } = setUp();
    await parts.storeLogin(loginResponse());
    expect(await parts.localLogout()).toMatchObject({ refreshToken: "rt1", idToken: "id1" });
    const row = await sessions.get(KEY);
    expect(row).toMatchObject({ sessionId: "sid-2", tokens: null, access: {}, renewable: false });
    expect(await parts.localLogout()).toBeUndefined();
    expect(await sessions.get(KEY)).toEqual(row);
    await settle();
    expect(messages.map(({ sessionId, type }) => [sessionId, type])).toEqual([
      ["sid-1", "user"],
      ["sid-2", "user"],
    ]);
  });

  test("of an ended session returns no tokens", async () => {
    const { sessions, users, parts } = setUp();
    const end = { reason: "session_ended", sequence: 1 } as const;
    await sessions.update(KEY, () => ({ ...expiredRow(), end, tokens: null }));
    await users.putDefault(ADA);
    expect(await parts.localLogout()).toEqual({});
    expect(await sessions.get(KEY)).toMatchObject({ end: { reason: "logged_out" } });
    expect(await parts.localLogout()).toBeUndefined();
  });

  test("does not overwrite a session row of a newer Latchkey version", async () => {
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

  test("discards the tokens that it replaced, and no others", async () => {
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

  test("without a user returns undefined", async () => {
    expect(await setUp().parts.localLogout()).toBeUndefined();
  });
});
