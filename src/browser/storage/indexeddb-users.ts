import { del, get, promisifyRequest } from "idb-keyval";
import {
  decodeKey,
  encodeKey,
  defaultUserKey,
  usersKey,
  sessionKey,
  type ClientKey,
} from "../../core/keys.ts";
import { parseRow } from "../../core/parse-row.ts";
import type { RememberedUsers } from "../../core/user-store.ts";
import { within, type Database } from "./database.ts";
import { hasTombstone, putTombstone, tombstoneKey } from "./forgotten-users.ts";
import { rememberedRecord } from "../../core/remembered-record.ts";
import { lastUsedFirst, parseRemembered } from "../../core/remembered-profile.ts";

/** The stored list of remembered users. Each key is the encoded `sub` of a user. The keys and values are not validated yet. */
type RememberedList = Map<unknown, unknown>;

/** Returns the methods for all users of a client. The methods read and change IndexedDB. */
export function indexedDBUsers(database: Database, client: ClientKey): RememberedUsers {
  const listKey = usersKey(client);
  const key = defaultUserKey(client);
  const sessions = sessionKey(client, "");
  const codeOf = (key: IDBValidKey) => (key as string).slice(sessions.length);
  return {
    list: async () => {
      const stored = await get(listKey, database);
      const list: RememberedList =
        stored instanceof Map ? stored : await database("readwrite", makeList);
      return lastUsedFirst(
        [...list].flatMap(([code, record]) =>
          subsIn([code]).map((sub) => parseRemembered(sub, record)),
        ),
      );
    },
    known: () =>
      database("readonly", async (store) => {
        const keys = await promisifyRequest(store.getAllKeys(within(sessions)));
        return subsIn(keys.map(codeOf));
      }),
    putDefault: (sub) =>
      database("readwrite", async (store) => {
        const isKnown = await hasRecord(store, sub);
        if (isKnown) store.put(sub, key);
        await promisifyRequest(store.transaction);
        return isKnown;
      }),
    dropDefault: (sub) =>
      database("readwrite", async (store) => {
        const [byDefault, isKnown] = await Promise.all([
          promisifyRequest<unknown>(store.get(key)),
          hasRecord(store, sub),
        ]);
        if (byDefault === sub && !isKnown) store.delete(key);
        await promisifyRequest(store.transaction);
      }),
    isForgotten: async (sub) =>
      hasTombstone(database, client, sub === undefined ? sub : await tombstoneKey(client, sub)),
    clearForgotten: async (sub) => del(await tombstoneKey(client, sub), database),
    forget: async (sub) => {
      const tombstone = await tombstoneKey(client, sub);
      await database("readwrite", async (store) => {
        store.delete(sessionKey(client, sub));
        putTombstone(store, client, tombstone);
        // Start all requests at the same time: IndexedDB ends a transaction that has no pending request.
        const [byDefault, list] = await Promise.all([
          promisifyRequest<unknown>(store.get(key)),
          promisifyRequest<unknown>(store.get(listKey)),
        ]);
        if (byDefault === sub) store.delete(key);
        // A damaged list is deleted. The next call of `list()` creates a new list.
        if (!(list instanceof Map)) store.delete(listKey);
        else if (list.delete(encodeKey(sub))) store.put(list, listKey);
        await promisifyRequest(store.transaction);
      });
    },
  };

  async function hasRecord(store: IDBObjectStore, sub: string): Promise<boolean> {
    return (await promisifyRequest(store.count(sessionKey(client, sub)))) > 0;
  }

  /**
   * Creates the list of remembered users from all stored sessions, and stores the list. For a damaged session, the list gets an
   * empty record.
   */
  async function makeList(store: IDBObjectStore): Promise<RememberedList> {
    const [keys, rows] = await entries(store, sessions);
    const list: RememberedList = new Map();
    keys.forEach((key, index) => {
      const row = parseRow(rows[index]);
      const record = row ? rememberedRecord(row) : {};
      if (record) list.set(codeOf(key), record);
    });
    store.put(list, listKey);
    return list;
  }
}

/** Decodes each encoded `sub`. Skips values that cannot be decoded. */
export function subsIn(codes: readonly unknown[]): string[] {
  return codes.flatMap((code) => {
    try {
      return typeof code === "string" ? [decodeKey(code)] : [];
    } catch {
      return [];
    }
  });
}

function entries(store: IDBObjectStore, prefix: string): Promise<[IDBValidKey[], unknown[]]> {
  const range = within(prefix);
  return Promise.all([
    promisifyRequest(store.getAllKeys(range)),
    promisifyRequest<unknown[]>(store.getAll(range)),
  ]);
}
