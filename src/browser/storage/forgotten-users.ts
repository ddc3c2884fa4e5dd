import { promisifyRequest, type UseStore } from "idb-keyval";
import type { ClientKey } from "../../core/keys.ts";
import { sha256 } from "../../core/sha256.ts";
import { within } from "./database.ts";

/** For how long only a login brings a forgotten user back. Milliseconds. */
const DAY_MS = 86_400_000;

/** Of a user who was forgotten. The empty hash gives the prefix of all of them. */
function forgottenKey(client: ClientKey, hash: string): string {
  return `forgotten/${client}/${hash}`;
}

/** The key of a user's tombstone, which has a hash instead of the `sub`. */
export async function tombstoneKey(client: ClientKey, sub: string): Promise<string> {
  return forgottenKey(client, await sha256(`${client}\n${sub}`));
}

/** Records that the user was forgotten, and removes the tombstones that are over. Use it inside of a transaction. */
export function putTombstone(store: IDBObjectStore, client: ClientKey, key: string): void {
  const all = store.openCursor(within(forgottenKey(client, "")));
  all.onsuccess = () => {
    const cursor = all.result;
    // Last: a cursor that has seen the old record would delete the new one.
    if (!cursor) {
      store.put(Date.now() + DAY_MS, key);
      return;
    }
    if (!stands(cursor.value)) cursor.delete();
    cursor.continue();
  };
}

/** Whether the user was forgotten within a day. Without `key`: any user. */
export function hasTombstone(
  database: UseStore,
  client: ClientKey,
  key: string | undefined,
): Promise<boolean> {
  return database("readonly", async (store) => {
    const range = key ?? within(forgottenKey(client, ""));
    return (await promisifyRequest<unknown[]>(store.getAll(range))).some(stands);
  });
}

function stands(until: unknown): boolean {
  return typeof until === "number" && until > Date.now() && until <= Date.now() + DAY_MS;
}
