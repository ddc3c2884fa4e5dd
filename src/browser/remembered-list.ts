import { peopleKey } from "../core/keys.ts";
import { rememberedRecord } from "../core/remembered-record.ts";
import type { SessionRow } from "../core/session.ts";

/**
 * Keeps the list of a client's people in step with a session, in its transaction. The list is one record, a map by encoded
 * `sub`, because a thousand records take forty times as long to read as one. Made when somebody first lists them.
 */
export function updateList(
  store: IDBObjectStore,
  key: string,
  before: SessionRow | undefined,
  after: SessionRow | undefined,
): void {
  // A refresh changes nothing that is listed.
  if (after && before?.remembered === after.remembered && !before?.end === !after.end) return;
  const record = rememberedRecord(after);
  const [, client = "", sub = ""] = key.split("/");
  const reading: IDBRequest<unknown> = store.get(peopleKey(client));
  reading.onsuccess = () => {
    const list = reading.result;
    if (!(list instanceof Map)) return;
    if (record) list.set(sub, record);
    else list.delete(sub);
    store.put(list, peopleKey(client));
  };
}
