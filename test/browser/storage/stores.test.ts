import { entries, get, keys, set } from "idb-keyval";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createDatabase } from "../../../src/browser/storage/database.ts";
import { IndexedDBCallbackLedger } from "../../../src/browser/storage/indexeddb-callback-ledger.ts";
import { IndexedDBRequestStore } from "../../../src/browser/storage/indexeddb-request-store.ts";
import { IndexedDBSessionStore } from "../../../src/browser/storage/indexeddb-session-store.ts";
import { userTraces } from "../../../src/browser/storage/lazy-user-traces.ts";
import { IndexedDBUserStore } from "../../../src/browser/storage/indexeddb-user-store.ts";
import { systemClock, systemRandom } from "../../../src/browser/page/system-clock.ts";
import { StorageError } from "../../../src/core/errors.ts";
import { defaultUserKey, usersKey, sessionKey } from "../../../src/core/keys.ts";
import { clientTag } from "../../../src/core/response-state.ts";
import { targetKey } from "../../../src/core/token-target.ts";
import { NO_CHANGE, type SessionRow } from "../../../src/core/session.ts";
import { localLogout } from "../../../src/auth/logout/local-logout.ts";

const row: SessionRow = {
  version: 2,
  sessionId: "s",
  generation: 1,
  sequence: 1,
  committedSequence: 1,
  attempt: null,
  end: null,
  lifetime: "remembered",
  renewable: true,
  access: {},
  tokens: {
    access: {},
    user: { sub: "ada", claims: {} },
  },
};

let n = 0;
/** Returns a new client for each test, because all tests share the database of the origin. */
const client = () => `test,${++n}`;

afterEach(() => {
  vi.restoreAllMocks();
});

test("update() creates, changes, keeps and deletes a row", async () => {
  const store = new IndexedDBSessionStore(createDatabase());
  const key = sessionKey(client(), "ada");
  expect(await store.update(key, (before) => (before ? NO_CHANGE : row))).toEqual(row);
  expect(await store.update(key, (before) => ({ ...before!, generation: 2 }))).toMatchObject({
    generation: 2,
  });
  expect(await store.update(key, () => NO_CHANGE)).toMatchObject({ generation: 2 });
  expect(await new IndexedDBSessionStore(createDatabase()).get(key)).toMatchObject({
    generation: 2,
  });
  expect(await store.update(key, () => undefined)).toBeUndefined();
  expect(await store.get(key)).toBeUndefined();
  expect(await keys(createDatabase())).not.toContain(key);
});

test("loses none of a hundred concurrent updates", async () => {
  const stores = [
    new IndexedDBSessionStore(createDatabase()),
    new IndexedDBSessionStore(createDatabase()),
  ];
  const key = sessionKey(client(), "ada");
  await stores[0]!.update(key, () => row);
  const add = (before?: SessionRow) => ({ ...before!, sequence: before!.sequence + 1 });
  await Promise.all(Array.from({ length: 100 }, (_, i) => stores[i % 2]!.update(key, add)));
  expect((await stores[0]!.get(key))!.sequence).toBe(101);
});

test("a change that throws writes nothing", async () => {
  const store = new IndexedDBSessionStore(createDatabase());
  const key = sessionKey(client(), "ada");
  await store.update(key, () => row);
  const failing = store.update(key, () => {
    throw new Error("no");
  });
  await expect(failing).rejects.toBeInstanceOf(StorageError);
  expect(await store.get(key)).toEqual(row);
});

test("a write resolves only when its data is on the disk", async () => {
  const transaction = vi.spyOn(IDBDatabase.prototype, "transaction");
  await new IndexedDBSessionStore(createDatabase()).update(sessionKey(client(), "ada"), () => row);
  expect(transaction.mock.calls.at(-1)).toEqual([
    "entries/2",
    "readwrite",
    { durability: "strict" },
  ]);
});

test("reads this tab's user and the user's session in one transaction", async () => {
  const database = createDatabase();
  const mine = client();
  const users = new IndexedDBUserStore(database, mine);
  expect(await users.getActive()).toEqual({});
  await users.putDefault("ada");
  expect(await users.getActive()).toEqual({ sub: "ada", isPinned: false });
  await new IndexedDBSessionStore(database).update(sessionKey(mine, "ada"), () => row);
  const transaction = vi.spyOn(IDBDatabase.prototype, "transaction");
  expect(await users.getActive()).toEqual({ sub: "ada", row, isPinned: false });
  expect(transaction).toHaveBeenCalledTimes(1);
  await users.putDefault("grace");
  users.pin("ada");
  const pinned = { sub: "ada", row, isPinned: true };
  expect(await users.getActive()).toEqual(pinned);
  expect(transaction).toHaveBeenCalledTimes(3);
  // As after a reload.
  expect(await new IndexedDBUserStore(database, mine).getActive()).toEqual(pinned);
  expect(await new IndexedDBUserStore(database, client()).getActive()).toEqual({});
  users.pin("");
  expect(await users.getActive()).toEqual({ isPinned: true });
  users.pin(undefined);
  expect(await users.getActive()).toEqual({ sub: "grace", isPinned: false });
  await users.putDefault(null);
  expect(await users.getActive()).toEqual({});
  await set(defaultUserKey(mine), 7, database);
  expect(await users.getActive()).toEqual({});
});

test("uses the default user, not the previous pin, when sessionStorage is full", async () => {
  const mine = client();
  const database = createDatabase();
  const users = new IndexedDBUserStore(database, mine);
  await users.putDefault("grace");
  users.pin("ada");
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("full", "QuotaExceededError");
  });
  users.pin("linus");
  expect(await users.getActive()).toEqual({ sub: "grace", isPinned: false });
});

test("a logout deletes a damaged record and its entry in the list", async () => {
  const database = createDatabase();
  const mine = client();
  const sessions = new IndexedDBSessionStore(database);
  const users = new IndexedDBUserStore(database, mine);
  const remembered = await users.users();
  const key = sessionKey(mine, "ada");
  await set(key, { ...row, generation: "damaged" }, database);
  expect(await remembered.list()).toMatchObject([{ sub: "ada" }]);
  const channel = { post: () => {}, listen: () => () => {} };
  const parts = { client: mine, tab: "a", sessions, users, channel, random: systemRandom };
  expect(await localLogout(parts, "ada")).toBeUndefined();
  expect(await keys(database)).not.toContain(key);
  expect(await remembered.list()).toEqual([]);
});

test("only a user with a record can become or stay the default user", async () => {
  const database = createDatabase();
  const mine = client();
  const users = new IndexedDBUserStore(database, mine);
  const sessions = new IndexedDBSessionStore(database);
  const remembered = await users.users();
  await sessions.update(sessionKey(mine, "gr/ace"), () => row);
  expect(await remembered.putDefault("gr/ace")).toBe(true);
  expect(await remembered.putDefault("ada")).toBe(false);
  expect(await users.getActive()).toMatchObject({ sub: "gr/ace", row });
  await remembered.dropDefault("ada");
  await remembered.dropDefault("gr/ace");
  expect(await users.getActive()).toMatchObject({ sub: "gr/ace", row });
  await sessions.update(sessionKey(mine, "gr/ace"), () => undefined);
  await remembered.dropDefault("gr/ace");
  expect(await users.getActive()).toEqual({});
});

describe("users", () => {
  const picture = "https://id.example/p.png";
  const rowOf = (name: string, lastUsedAt: number): SessionRow => ({
    ...row,
    remembered: { name, picture, lastUsedAt },
  });

  test("need a login in the list as soon as the server requires one for a refresh", async () => {
    const database = createDatabase();
    const mine = client();
    const remembered = await new IndexedDBUserStore(database, mine).users();
    const sessions = new IndexedDBSessionStore(database);
    await sessions.update(sessionKey(mine, "ada"), () => rowOf("Ada", 1));
    expect(await remembered.list()).toMatchObject([{ needsLogin: false }]);
    const refusal = { meaning: "user needed", count: 1, firstAt: 1, lastAt: 1 } as const;
    await sessions.update(sessionKey(mine, "ada"), (row) => ({
      ...row!,
      refusals: { [targetKey({})]: refusal },
    }));
    expect(await remembered.list()).toMatchObject([{ needsLogin: true }]);
  });

  test("are listed with the data for a picker, the last used first", async () => {
    const database = createDatabase();
    const mine = client();
    const remembered = await new IndexedDBUserStore(database, mine).users();
    const sessions = new IndexedDBSessionStore(database);
    const put = (sub: string, row: SessionRow, of = mine) =>
      sessions.update(sessionKey(of, sub), () => row);
    const end = { reason: "logged_out", sequence: 1 } as const;
    await put("ada", rowOf("Ada", 1));
    await put("gr/ace", rowOf("Grace", 2));
    await put("guest", { ...row, lifetime: "tabs" });
    await put("linus", rowOf("Linus", 3), client());
    const [grace, ada] = [
      { sub: "gr/ace", name: "Grace", picture, lastUsedAt: 2, needsLogin: false },
      { sub: "ada", name: "Ada", picture, lastUsedAt: 1, needsLogin: false },
    ];
    expect(await remembered.list()).toEqual([grace, ada]);
    expect(await remembered.known()).toEqual(["ada", "gr/ace", "guest"]);
    await put("gr/ace", { ...rowOf("Grace", 2), end, tokens: null });
    expect(await remembered.list()).toEqual([{ ...grace, needsLogin: true }, ada]);
    await sessions.update(sessionKey(mine, "gr/ace"), () => undefined);
    expect(await remembered.list()).toEqual([ada]);
  });

  test.for<[string, unknown]>([
    ["damaged", "garbage"],
    ["null", null],
    ["of another shape", { version: 3, user: { name: "Grace" } }],
    ["with invalid members", { name: {}, lastUsedAt: "x", needsLogin: 0 }],
  ])(
    "whose record is %s are listed by their sub, and do not affect the others",
    async ([, record]) => {
      const database = createDatabase();
      const mine = client();
      const sessions = new IndexedDBSessionStore(database);
      await sessions.update(sessionKey(mine, "linus"), () => rowOf("Linus", 1));
      const remembered = await new IndexedDBUserStore(database, mine).users();
      expect(await remembered.list()).toHaveLength(1);
      const list = await get<Map<string, unknown>>(usersKey(mine), database);
      await set(usersKey(mine), list!.set("ada", record), database);
      expect(await remembered.list()).toEqual([
        expect.objectContaining({ sub: "linus", name: "Linus" }),
        { sub: "ada", lastUsedAt: 0, needsLogin: true },
      ]);
    },
  );

  test("are listed from their sessions when the list is damaged, with a damaged session by its sub", async () => {
    const database = createDatabase();
    const mine = client();
    const sessions = new IndexedDBSessionStore(database);
    const remembered = await new IndexedDBUserStore(database, mine).users();
    await sessions.update(sessionKey(mine, "linus"), () => rowOf("Linus", 1));
    await set(sessionKey(mine, "ada"), "garbage", database);
    for (const list of ["garbage", null, {}, undefined]) {
      await set(usersKey(mine), list, database);
      await sessions.update(sessionKey(mine, "grace"), () => rowOf("Grace", 2));
      expect(await remembered.list()).toEqual([
        expect.objectContaining({ sub: "grace", name: "Grace" }),
        expect.objectContaining({ sub: "linus", name: "Linus" }),
        { sub: "ada", lastUsedAt: 0, needsLogin: true },
      ]);
      await sessions.update(sessionKey(mine, "grace"), () => undefined);
    }
    await set(usersKey(mine), "garbage", database);
    await remembered.forget("ada");
    expect(await remembered.list()).toEqual([expect.objectContaining({ sub: "linus" })]);
  });

  test("are not written by a refresh", async () => {
    const database = createDatabase();
    const mine = client();
    const sessions = new IndexedDBSessionStore(database);
    const remembered = await new IndexedDBUserStore(database, mine).users();
    await sessions.update(sessionKey(mine, "ada"), () => rowOf("Ada", 1));
    await remembered.list();
    const put = vi.spyOn(IDBObjectStore.prototype, "put");
    await sessions.update(sessionKey(mine, "ada"), (row) => ({
      ...row!,
      generation: row!.generation + 1,
    }));
    expect(put).toHaveBeenCalledTimes(1);
    await sessions.update(sessionKey(mine, "ada"), (row) => ({
      ...row!,
      end: { reason: "session_ended", sequence: 1 },
      tokens: null,
    }));
    expect(put).toHaveBeenCalledTimes(3);
    expect(await remembered.list()).toMatchObject([{ sub: "ada", needsLogin: true }]);
  });

  test("leave no data after forget(), and do not affect the others", async () => {
    const database = createDatabase();
    const mine = client();
    const users = new IndexedDBUserStore(database, mine);
    const ledger = new IndexedDBCallbackLedger(database, systemClock);
    const sub = `forgotten-${mine}`;
    const sessions = new IndexedDBSessionStore(database);
    await sessions.update(sessionKey(mine, sub), () => rowOf("Ada", 1));
    await sessions.update(sessionKey(mine, "grace"), () => rowOf("Grace", 1));
    const state = (id: string) => `${clientTag(mine)}.${id.padEnd(43, "x")}`;
    await ledger.put(state("1"), { sub });
    await ledger.put(state("2"), { sub: "grace" });
    await users.putDefault(sub);
    const remembered = await users.users();
    await remembered.forget(sub);
    await userTraces(database, mine)(sub);
    const stored = JSON.stringify(await entries(database));
    expect(stored).not.toContain(encodeURIComponent(sub));
    expect(stored).not.toContain(sub);
    expect(await users.getActive()).toEqual({});
    expect(await ledger.get(state("1"))).toBeUndefined();
    expect(await ledger.get(state("2"))).toEqual({ sub: "grace" });
    expect(await remembered.list()).toHaveLength(1);
    await users.putDefault("grace");
    await remembered.forget(sub);
    expect(await users.getActive()).toMatchObject({ sub: "grace" });
  });

  test("are stored in one record, which is read apart from the tokens", async () => {
    const database = createDatabase();
    const mine = client();
    const sessions = new IndexedDBSessionStore(database);
    const users = new IndexedDBUserStore(database, mine);
    for (let at = 0; at < 20; at++) {
      await sessions.update(sessionKey(mine, `user-${at}`), () => rowOf("User", at));
    }
    await users.putDefault("user-0");
    const remembered = await users.users();
    expect(await remembered.list()).toHaveLength(20);
    const read = vi.spyOn(IDBObjectStore.prototype, "get");
    const others = (["getAll", "getAllKeys", "openCursor"] as const).map((name) =>
      vi.spyOn(IDBObjectStore.prototype, name),
    );
    await remembered.list();
    expect(read.mock.calls).toEqual([[usersKey(mine)]]);
    read.mockClear();
    expect((await users.getActive()).row).toBeDefined();
    expect(read.mock.calls).toEqual([[defaultUserKey(mine)], [sessionKey(mine, "user-0")]]);
    for (const spy of others) expect(spy).not.toHaveBeenCalled();
  });
});

test.for<[string, unknown]>([
  ["a string", "garbage"],
  ["null", null],
  ["empty", {}],
  ["without anything but a version", { version: 2, end: null, attempt: null }],
  ["without a generation", { ...row, generation: undefined }],
  ["with NaN as its sequence", { ...row, sequence: Number.NaN }],
  ["without tokens", { ...row, tokens: null }],
  ["with tokens that have no user", { ...row, tokens: {} }],
  ["with a string as its tokens", { ...row, tokens: "x" }],
  ["without an index", { ...row, access: null }],
  [
    "with an invalid key in its index",
    { ...row, access: { nonsense: { generation: 1, expiresAt: 1, scope: [] } } },
  ],
  ["with a broken attempt", { ...row, attempt: "x" }],
  ["with a broken end", { ...row, end: "x" }],
])("a record that is %s counts as missing, and a login replaces it", async ([, record]) => {
  const database = createDatabase();
  const mine = client();
  const key = sessionKey(mine, "ada");
  await set(key, record, database);
  const store = new IndexedDBSessionStore(database);
  expect(await store.get(key)).toBeUndefined();
  const users = new IndexedDBUserStore(database, mine);
  await users.putDefault("ada");
  expect(await users.getActive()).toEqual({ sub: "ada", isPinned: false });
  expect(await store.update(key, (before) => (before ? NO_CHANGE : row))).toEqual(row);
  expect(await store.get(key)).toEqual(row);
});

test("returns a record of a newer version unchanged", async () => {
  const database = createDatabase();
  const key = sessionKey(client(), "ada");
  await set(key, { version: 3, unknown: "member" }, database);
  expect(await new IndexedDBSessionStore(database).get(key)).toEqual({
    version: 3,
    unknown: "member",
  });
});

test("the request store has only requests, and returns each to one caller of remove()", async () => {
  const database = createDatabase();
  const requests = new IndexedDBRequestStore(database);
  const key = sessionKey(client(), "ada");
  await set(key, row, database);
  await requests.set("r1", "one");
  expect(await requests.getAllKeys()).toEqual(["r1"]);
  for (const id of await requests.getAllKeys()) expect(await requests.get(id)).toBe("one");
  const takers = await Promise.all([requests.remove("r1"), requests.remove("r1")]);
  expect(takers.filter((value) => value !== null)).toEqual(["one"]);
  expect(await requests.getAllKeys()).toEqual([]);
  expect(await get(key, database)).toEqual(row);
});

test("the callback ledger deletes a damaged record and keeps working", async () => {
  const database = createDatabase();
  await set("callback/damaged", null, database);
  const ledger = new IndexedDBCallbackLedger(database, systemClock);
  await ledger.put("whole", { sub: "ada" });
  expect(await ledger.get("whole")).toEqual({ sub: "ada" });
  expect(await keys(database)).not.toContain("callback/damaged");
});

test("the callback ledger keeps a record that replaces an expired one", async () => {
  const database = createDatabase();
  let now = Date.now();
  const ledger = new IndexedDBCallbackLedger(database, { ...systemClock, now: () => now });
  await ledger.put("again", { sub: "ada" });
  now += 11 * 60_000;
  await ledger.put("again", { sub: "grace" });
  expect(await ledger.get("again")).toEqual({ sub: "grace" });
});

test("the callback ledger deletes its records after ten minutes, and no other entries", async () => {
  const database = createDatabase();
  let now = 0;
  const ledger = new IndexedDBCallbackLedger(database, { ...systemClock, now: () => now });
  const key = sessionKey(client(), "ada");
  await set(key, row, database);
  await ledger.put("one", { sub: "ada", returnTo: "/x" });
  now = 9 * 60_000;
  await ledger.put("two", { sub: "ada" });
  expect(await ledger.get("one")).toEqual({ sub: "ada", returnTo: "/x" });
  now = 11 * 60_000;
  await ledger.put("three", { sub: "ada" });
  expect(await ledger.get("one")).toBeUndefined();
  expect(await ledger.get("two")).toEqual({ sub: "ada" });
  expect(await get(key, database)).toEqual(row);
});

test("opens a new connection when the browser has closed one", async () => {
  const store = new IndexedDBSessionStore(createDatabase());
  const key = sessionKey(client(), "ada");
  await store.update(key, () => row);
  const closing = new DOMException("The database connection is closing.", "InvalidStateError");
  vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementationOnce(() => {
    throw closing;
  });
  expect(await store.get(key)).toEqual(row);
});

test("rejects with a StorageError while IndexedDB refuses to open, and works afterwards", async () => {
  const store = new IndexedDBSessionStore(createDatabase());
  const key = sessionKey(client(), "ada");
  vi.spyOn(indexedDB, "open").mockImplementationOnce(() => {
    throw new DOMException("denied", "SecurityError");
  });
  await expect(store.get(key)).rejects.toMatchObject({ code: "storage", retryable: true });
  expect(await store.get(key)).toBeUndefined();
});

test("rejects with a StorageError after the timeout when IndexedDB hangs", async () => {
  const database = createDatabase(100);
  vi.spyOn(indexedDB, "open").mockImplementationOnce(() => ({}) as IDBOpenDBRequest);
  await expect(get("x", database)).rejects.toBeInstanceOf(StorageError);
  expect(await get("x", database)).toBeUndefined();
  const stuck = database("readwrite", () => new Promise(() => {}));
  await expect(stuck).rejects.toBeInstanceOf(StorageError);
  expect(await get("x", database)).toBeUndefined();
});

test("a write that has timed out is not made later", async () => {
  const database = createDatabase(100);
  const key = sessionKey(client(), "ada");
  const open = indexedDB.open.bind(indexedDB);
  vi.spyOn(indexedDB, "open").mockImplementationOnce((name) => {
    const late = open(name);
    const listeners: Pick<IDBOpenDBRequest, "onsuccess" | "onupgradeneeded"> = late;
    return new Proxy(late, {
      set: (_, member, value: () => void) => {
        const delayed = () => setTimeout(value, 400);
        return Reflect.set(listeners, member, member === "onsuccess" ? delayed : value);
      },
      get: (target, member) => {
        const value: unknown = Reflect.get(target, member);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  });
  await expect(set(key, row, database)).rejects.toBeInstanceOf(StorageError);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await get(key, database)).toBeUndefined();
});

test("D6: users whose sub has a lone surrogate are known, listed and forgotten", async () => {
  const key = client();
  const database = createDatabase();
  const store = new IndexedDBSessionStore(database);
  const users = new IndexedDBUserStore(database, key);
  const subs = ["\ud800", "\ufffd", "b\udc00"];
  for (const sub of subs)
    await store.update(sessionKey(key, sub), () => ({ ...row, remembered: { lastUsedAt: 0 } }));
  const remembered = await users.users();
  expect(new Set(await remembered.known())).toEqual(new Set(subs));
  expect((await remembered.list()).map(({ sub }) => sub).sort()).toEqual([...subs].sort());
  expect(await remembered.putDefault("\ud800")).toBe(true);
  expect((await users.getActive()).sub).toBe("\ud800");
  await remembered.forget("\ud800");
  expect(await remembered.isForgotten("\ud800")).toBe(true);
  expect(new Set(await remembered.known())).toEqual(new Set(["\ufffd", "b\udc00"]));
});
