import { promisifyRequest, type UseStore } from "idb-keyval";
import type { CallbackLedger, CallbackRecord } from "../../core/callback-ledger.ts";
import { parseCallback } from "../../core/parse-callback.ts";
import type { Clock } from "../../core/ports.ts";
import { readEntry, within } from "./database.ts";

/** The prefix of all keys of the ledger. */
export const CALLBACKS = "callback/";
/**
 * The time for which a record is kept. If an app calls `handleCallback()` twice for the same response, the second call needs
 * the record of the first call. The second call usually comes within seconds. Milliseconds.
 */
const KEPT_MS = 10 * 60_000;

/**
 * Stores records of authorization responses that the app has handled, and of logout responses that the app expects. The
 * records are stored in IndexedDB. Each call of `put()` deletes the records that are older than ten minutes.
 * @example
 * const ledger = new IndexedDBCallbackLedger(createDatabase(), systemClock);
 */
export class IndexedDBCallbackLedger implements CallbackLedger {
  readonly #database: UseStore;
  readonly #clock: Clock;

  constructor(database: UseStore, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async get(state: string): Promise<CallbackRecord | undefined> {
    return callbackIn(await readEntry(this.#database, CALLBACKS + state));
  }

  put(state: string, record: CallbackRecord): Promise<void> {
    const now = this.#clock.now();
    return this.#database("readwrite", (store) => {
      const all = store.openCursor(within(CALLBACKS));
      all.onsuccess = () => {
        const cursor = all.result;
        // The new record is stored after the cursor has ended. Otherwise the cursor could read an old record with the same key,
        // and then delete the new record.
        if (!cursor) {
          store.put({ at: now, record } satisfies DatedCallback, CALLBACKS + state);
          return;
        }
        const { at } = (cursor.value ?? {}) as Partial<DatedCallback>;
        // If the record is damaged, `ageMs` is not a number. If the clock was set back after the record was stored, `ageMs`
        // can be negative. In both cases, the record is deleted.
        const ageMs = now - Number(at);
        if (!(ageMs >= 0 && ageMs < KEPT_MS)) cursor.delete();
        cursor.continue();
      };
      return promisifyRequest(store.transaction);
    });
  }
}

/** Returns the record of a stored entry, or `undefined` when the entry is damaged. */
export function callbackIn(entry: unknown): CallbackRecord | undefined {
  return parseCallback((entry as Partial<DatedCallback> | null | undefined)?.record);
}

interface DatedCallback {
  /** The time at which `put()` stored the record. Milliseconds since the epoch. */
  at: number;
  record: CallbackRecord;
}
