import { promisifyRequest, type UseStore } from "idb-keyval";
import type { ClientKey } from "../../core/keys.ts";
import { sha256 } from "../../core/sha256.ts";
import { within } from "./database.ts";

/**
 * The time for which a tombstone is stored. A tombstone shows that `Auth.forget()` has deleted a user from this device. While
 * the tombstone is stored, only a new login can store the user again. Milliseconds.
 */
const DAY_MS = 86_400_000;

/** Returns the key of a tombstone. With an empty `hash`, returns the prefix of all tombstones of the client. */
function forgottenKey(client: ClientKey, hash: string): string {
  return `forgotten/${client}/${hash}`;
}

/** Returns the key of a user's tombstone. The key contains a hash of the `sub`, and not the `sub` itself. */
export async function tombstoneKey(client: ClientKey, sub: string): Promise<string> {
  return forgottenKey(client, await sha256(`${client}\n${sub}`));
}

/** Stores a user's tombstone under `key`, and deletes the client's expired tombstones. Call this function in a transaction. */
export function putTombstone(store: IDBObjectStore, client: ClientKey, key: string): void {
  const all = store.openCursor(within(forgottenKey(client, "")));
  all.onsuccess = () => {
    const cursor = all.result;
    // The new tombstone is stored after the cursor has ended. Otherwise the cursor could read an expired tombstone with the
    // same key, and then delete the new tombstone.
    if (!cursor) {
      store.put(Date.now() + DAY_MS, key);
      return;
    }
    if (!isValid(cursor.value)) cursor.delete();
    cursor.continue();
  };
}

/**
 * Returns true when the tombstone with this key is stored and has not expired. If `key` is undefined, returns true when the
 * client has at least one tombstone that has not expired.
 */
export function hasTombstone(
  database: UseStore,
  client: ClientKey,
  key: string | undefined,
): Promise<boolean> {
  return database("readonly", async (store) => {
    const range = key ?? within(forgottenKey(client, ""));
    return (await promisifyRequest<unknown[]>(store.getAll(range))).some(isValid);
  });
}

function isValid(until: unknown): boolean {
  return typeof until === "number" && until > Date.now() && until <= Date.now() + DAY_MS;
}
