import { promisifyRequest } from "idb-keyval";
import type { ClientKey } from "../../core/keys.ts";
import { sha256 } from "../../core/sha256.ts";
import { within, type Database } from "./database.ts";

/** A tombstone records that `Auth.forget()` has deleted a user. The tombstone is stored for this time. Milliseconds. */
const DAY_MS = 86_400_000;

/** Returns the key under which a deleted user is recorded. With an empty `hash`, returns the prefix of all these keys. */
function forgottenKey(client: ClientKey, hash: string): string {
  return `forgotten/${client}/${hash}`;
}

/**
 * Returns the key of a user's tombstone. The tombstone records that `Auth.forget()` has deleted the user. The key contains a
 * hash of the `sub`, and not the `sub` itself.
 */
export async function tombstoneKey(client: ClientKey, sub: string): Promise<string> {
  return forgottenKey(client, await sha256(`${client}\n${sub}`));
}

/**
 * Stores a tombstone under `key`. The tombstone records that `Auth.forget()` has deleted a user. Also deletes the client's
 * expired tombstones. `store` must belong to a `readwrite` transaction.
 */
export function putTombstone(store: IDBObjectStore, client: ClientKey, key: string): void {
  const all = store.openCursor(within(forgottenKey(client, "")));
  all.onsuccess = () => {
    const cursor = all.result;
    // The cursor has ended, so `cursor.delete()` cannot delete the new record.
    if (!cursor) {
      store.put(Date.now() + DAY_MS, key);
      return;
    }
    if (!isValid(cursor.value)) cursor.delete();
    cursor.continue();
  };
}

/**
 * Returns true when a valid tombstone is stored under `key`. A tombstone records that `Auth.forget()` has deleted a user. If
 * `key` is undefined, returns true when the client has any valid tombstone.
 */
export function hasTombstone(
  database: Database,
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
