import { promisifyRequest, type UseStore } from "idb-keyval";
import type { ClientKey } from "../../core/keys.ts";
import { sha256 } from "../../core/sha256.ts";
import { within } from "./database.ts";

/**
 * How long after a user was forgotten only a new login can store the user again. Until then, a tombstone is stored: the record
 * that the user was forgotten. Milliseconds.
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

/** Stores the tombstone of a forgotten user and deletes expired tombstones. Call this function inside a transaction. */
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
 * Returns whether the user with this tombstone key was forgotten within the last day. Without `key`, returns whether any user
 * of the client was forgotten within the last day.
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
