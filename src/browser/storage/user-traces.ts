import { promisifyRequest } from "idb-keyval";
import { clientKey, type ClientKey } from "../../core/keys.ts";
import { parseObject } from "../../core/shape.ts";
import { within, type Database } from "./database.ts";
import { callbackIn, CALLBACKS } from "./indexeddb-callback-ledger.ts";

/** The prefix of the keys of pending authorization requests. */
const REQUESTS = "request/";
/** Older entries serve no login any more. Milliseconds. */
const OLD_MS = 15 * 60_000;

/**
 * Deletes the pending authorization requests and the handled responses of a user, and those that are too old for any login.
 * Without `user`, deletes only the old ones.
 */
export function deleteTraces(
  database: Database,
  user?: { readonly client: ClientKey; readonly sub: string },
): Promise<void> {
  const now = Date.now();
  const isOld = (at: unknown) => !(Math.abs(now - Number(at)) < OLD_MS);
  return database("readwrite", (store) => {
    deleteWhere(store, CALLBACKS, (entry) => {
      const record = callbackIn(entry);
      const isOfUser = record && "sub" in record && record.sub === user?.sub;
      return isOfUser || isOld((entry as { at?: unknown } | undefined)?.at);
    });
    deleteWhere(store, REQUESTS, (entry) => {
      const request = typeof entry === "string" ? parseObject(entry) : undefined;
      const { authority, client_id: clientId, created, data } = request ?? {};
      const client = clientKey(String(authority), String(clientId));
      const isOfUser = user?.client === client && (data as { user?: unknown })?.user === user.sub;
      return isOfUser || isOld(Number(created) * 1000);
    });
    return promisifyRequest(store.transaction);
  });
}

function deleteWhere(
  store: IDBObjectStore,
  prefix: string,
  isUnwanted: (entry: unknown) => boolean | undefined,
): void {
  const all = store.openCursor(within(prefix));
  all.onsuccess = () => {
    const cursor = all.result;
    if (!cursor) return;
    if (isUnwanted(cursor.value)) cursor.delete();
    cursor.continue();
  };
}
