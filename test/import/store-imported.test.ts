import { expect, test } from "vitest";
import { sessionKey } from "../../src/core/keys.ts";
import type { TabMessage } from "../../src/core/message.ts";
import type { SessionEnd, SessionRow } from "../../src/core/session.ts";
import {
  isImportedAlready,
  storeImported,
  type TakenTokens,
} from "../../src/import/store-imported.ts";
import { MemorySessionStore } from "../support/memory-session-store.ts";
import { MemoryTabHub } from "../support/memory-tab-channel.ts";
import { MemoryUserStore } from "../support/memory-user-store.ts";
import { ADA, CLIENT, expiredRow, KEY, settle, testClock } from "../refresh/tabs.ts";
import { loginResponse } from "../auth/fixture.ts";

function setUp() {
  const sessions = new MemorySessionStore();
  const users = new MemoryUserStore(sessions, CLIENT);
  const hub = new MemoryTabHub();
  const messages: TabMessage[] = [];
  hub.join().listen((message) => messages.push(message));
  let ids = 0;
  const random = { id: () => `sid-${++ids}`, fraction: () => 0 };
  const channel = hub.join();
  const parts = { client: CLIENT, tab: "a", sessions, users, channel, random, clock: testClock };
  return { sessions, users, messages, parts };
}

const taken = (changes: Partial<TakenTokens> = {}): TakenTokens => {
  const response = loginResponse();
  return { ...response, user: response.user!, ...changes };
};
const ended = (reason: SessionEnd["reason"]): SessionRow => ({
  ...expiredRow(),
  end: { reason, sequence: 1 },
  tokens: null,
  access: {},
});

test("stores the tokens like a login, with an ID token that is not verified", async () => {
  const { sessions, users, messages, parts } = setUp();
  expect(await storeImported(parts, taken())).toBe(true);
  expect(await users.getActive()).toMatchObject({
    sub: ADA,
    row: { sessionId: "sid-1", lifetime: "remembered", renewable: true },
  });
  expect((await sessions.get(KEY))!.tokens).toMatchObject({
    refreshToken: "rt1",
    idToken: "id1",
    idTokenVerified: false,
  });
  await settle();
  expect(messages).toMatchObject([{ key: ADA, type: "user", what: "login" }]);
});

test("stores one session when several tabs import at once", async () => {
  const { sessions, messages, parts } = setUp();
  const sends = ["rt1", "rt2", "rt3"].map((refreshToken) =>
    storeImported(parts, taken({ refreshToken })),
  );
  expect(await Promise.all(sends)).toEqual([true, false, false]);
  expect(await sessions.get(KEY)).toMatchObject({ generation: 1, tokens: { refreshToken: "rt1" } });
  await settle();
  expect(messages).toHaveLength(1);
});

test.for<[string, SessionRow]>([
  ["that is active", expiredRow()],
  ["that the user logged out of", ended("logged_out")],
  ["of a newer Latchkey", { ...expiredRow(), version: 3 as 2 }],
])("keeps a session %s, both the imported user's and the default user's", async ([, row]) => {
  const own = setUp();
  await own.sessions.update(KEY, () => row);
  expect(await storeImported(own.parts, taken())).toBe(false);
  expect(await own.sessions.get(KEY)).toEqual(row);
  expect(await own.users.getActive()).toEqual({});

  const other = setUp();
  const grace = sessionKey(CLIENT, "grace");
  await other.sessions.update(grace, () => row);
  await other.users.putDefault("grace");
  expect(await storeImported(other.parts, taken())).toBe(false);
  expect(await other.users.getActive()).toEqual({ sub: "grace", row, isPinned: false });
  expect(await other.sessions.get(KEY)).toBeUndefined();
});

test("keeps a session that begins during the import", async () => {
  const { sessions, users, parts } = setUp();
  const seal = sessions.seal.bind(sessions);
  const begun = expiredRow();
  sessions.seal = async (record) => {
    await sessions.update(KEY, () => begun);
    return seal(record);
  };
  expect(await storeImported(parts, taken())).toBe(false);
  expect(await sessions.get(KEY)).toEqual(begun);
  expect(await users.getActive()).toEqual({});
});

test.for(["session_ended", "lost_response", "id_token"] as const)(
  "replaces a session that the server ended with %s, because the user would have to log in anyway",
  async (reason) => {
    const { sessions, users, parts } = setUp();
    await sessions.update(KEY, () => ended(reason));
    await users.putDefault(ADA);
    expect(await storeImported(parts, taken())).toBe(true);
    expect(await sessions.get(KEY)).toMatchObject({ end: null, sessionId: "sid-1" });
  },
);

test("recognises an interrupted import by its tokens, and finishes it", async () => {
  const { users, messages, parts } = setUp();
  users.putDefault = () => Promise.reject(new Error("the page died"));
  await expect(storeImported(parts, taken())).rejects.toThrow("the page died");
  users.putDefault = MemoryUserStore.prototype.putDefault.bind(users);
  expect(await storeImported(parts, taken())).toBe(false);
  expect(await isImportedAlready(parts, taken({ refreshToken: "other" }))).toBe(false);
  expect(await users.getActive()).toEqual({});
  expect(await isImportedAlready(parts, taken())).toBe(true);
  expect(await users.getActive()).toMatchObject({ sub: ADA, row: { sessionId: "sid-1" } });
  await settle();
  expect(messages).toMatchObject([{ sessionId: "sid-1", type: "user", what: "login" }]);
});

test("recognises an import without a refresh token by its access token, unless the session has ended", async () => {
  const { sessions, parts } = setUp();
  const { refreshToken: _, ...tokens } = taken();
  await storeImported(parts, tokens);
  expect(await isImportedAlready(parts, tokens)).toBe(true);
  expect(await isImportedAlready(parts, { ...tokens, accessToken: "other" })).toBe(false);
  await sessions.update(KEY, () => ended("logged_out"));
  expect(await isImportedAlready(parts, tokens)).toBe(false);
});
