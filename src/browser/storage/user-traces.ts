import { promisifyRequest } from "idb-keyval";
import { clientKey, type ClientKey } from "../../core/keys.ts";
import { isStateOf } from "../../core/response-state.ts";
import { parseObject } from "../../core/shape.ts";
import { within, type Database } from "./database.ts";
import { callbackIn, CALLBACKS, isOldTrace } from "./indexeddb-callback-ledger.ts";

/** The prefix of the keys of pending authorization requests. */
const REQUESTS = "request/";
/**
 * Deletes the pending authorization requests and the handled responses of a user at one client. Also deletes the requests and
 * responses that are too old for any login, of all clients. Without `user`, deletes only the old requests and responses.
 */
export function deleteTraces(
  database: Database,
  user?: { readonly client: ClientKey; readonly sub: string },
): Promise<void> {
  return database("readwrite", (store) => {
    deleteWhere(store, CALLBACKS, (entry, key) => {
      const record = callbackIn(entry);
      // The key of a response has its `state`, and `state` has the tag of the client.
      const isOfUser =
        user &&
        record &&
        "sub" in record &&
        record.sub === user.sub &&
        isStateOf(user.client, key.slice(CALLBACKS.length));
      return isOfUser || isOldTrace((entry as { at?: unknown } | undefined)?.at);
    });
    deleteWhere(store, REQUESTS, (entry) => {
      const request = typeof entry === "string" ? parseObject(entry) : undefined;
      const { authority, client_id: clientId, created, data } = request ?? {};
      const client = clientKey(String(authority), String(clientId));
      const isOfUser = user?.client === client && (data as { user?: unknown })?.user === user.sub;
      return isOfUser || isOldTrace(Number(created) * 1000);
    });
    return promisifyRequest(store.transaction);
  });
}

function deleteWhere(
  store: IDBObjectStore,
  prefix: string,
  isUnwanted: (entry: unknown, key: string) => boolean | undefined,
): void {
  const all = store.openCursor(within(prefix));
  all.onsuccess = () => {
    const cursor = all.result;
    if (!cursor) return;
    if (isUnwanted(cursor.value, cursor.key as string)) cursor.delete();
    cursor.continue();
  };
}
