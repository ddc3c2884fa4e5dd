import { promisifyRequest, type UseStore } from "idb-keyval";
import { defaultUserKey, sessionKey, userKey, type ClientKey } from "../core/keys.ts";
import { lastUsedFirst, parseRemembered } from "../core/parse-remembered.ts";
import type { People } from "../core/session.ts";
import { within } from "./database.ts";
import { CALLBACKS, type DatedCallback } from "./indexeddb-callback-ledger.ts";

/** The client's people in IndexedDB. */
export function indexedDBPeople(database: UseStore, client: ClientKey): People {
  const sessions = sessionKey(client, "");
  const users = userKey(client, "");
  const subOf = (key: IDBValidKey, { length }: string) =>
    decodeURIComponent((key as string).slice(length));
  return {
    list: () =>
      database("readonly", async (store) => {
        const [keys, records] = await entries(store, users);
        return lastUsedFirst(
          keys.map((key, index) => parseRemembered(subOf(key, users), records[index])),
        );
      }),
    known: () =>
      database("readonly", async (store) => {
        const keys = await promisifyRequest(store.getAllKeys(within(sessions)));
        return keys.map((key) => subOf(key, sessions));
      }),
    forget: (sub) =>
      database("readwrite", async (store) => {
        const key = defaultUserKey(client);
        store.delete(sessionKey(client, sub));
        store.delete(userKey(client, sub));
        // Both are asked before the first answer: a transaction without a request is over.
        const [byDefault, [states, callbacks]] = await Promise.all([
          promisifyRequest<unknown>(store.get(key)),
          entries(store, CALLBACKS),
        ]);
        if (byDefault === sub) store.delete(key);
        callbacks.forEach((callback, index) => {
          const { record } = (callback ?? {}) as Partial<DatedCallback>;
          if (record && "sub" in record && record.sub === sub) store.delete(states[index]!);
        });
        await promisifyRequest(store.transaction);
      }),
  };
}

function entries(store: IDBObjectStore, prefix: string): Promise<[IDBValidKey[], unknown[]]> {
  const range = within(prefix);
  return Promise.all([
    promisifyRequest(store.getAllKeys(range)),
    promisifyRequest<unknown[]>(store.getAll(range)),
  ]);
}
