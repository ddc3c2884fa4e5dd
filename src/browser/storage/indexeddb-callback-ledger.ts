import { get, promisifyRequest } from "idb-keyval";
import type { CallbackLedger, CallbackRecord } from "../../core/callback-ledger.ts";
import { parseCallback } from "../../core/parse-callback.ts";
import type { Clock } from "../../core/ports.ts";
import { within, type Database } from "./database.ts";

/** The prefix of the keys of all records in an `IndexedDBCallbackLedger`. */
export const CALLBACKS = "callback/";
/**
 * The time for which a callback record is kept. A second `handleCallback()` call with the same response needs this record.
 * Milliseconds.
 */
const KEPT_MS = 10 * 60_000;
/** No login needs an entry that is older. Milliseconds. */
const OLD_MS = 15 * 60_000;

/** Returns true if no login needs an entry that was stored at the time `at`. Milliseconds since the epoch. */
export function isOldTrace(at: unknown): boolean {
  return !(Math.abs(Date.now() - Number(at)) < OLD_MS);
}

/**
 * Stores two kinds of records in IndexedDB: handled authorization responses, and expected logout responses. `put()` also
 * deletes all records that are older than ten minutes.
 */
export class IndexedDBCallbackLedger implements CallbackLedger {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async get(state: string): Promise<CallbackRecord | undefined> {
    return callbackIn(await get(CALLBACKS + state, this.#database));
  }

  put(state: string, record: CallbackRecord): Promise<void> {
    const now = this.#clock.now();
    return this.#database("readwrite", (store) => {
      const all = store.openCursor(within(CALLBACKS));
      all.onsuccess = () => {
        const cursor = all.result;
        // The cursor has ended, so `cursor.delete()` cannot delete the new record.
        if (!cursor) {
          store.put({ at: now, record } satisfies DatedCallback, CALLBACKS + state);
          return;
        }
        const { at } = (cursor.value ?? {}) as Partial<DatedCallback>;
        // For a damaged record, `ageMs` is not a number. If the clock was set back, `ageMs` can be negative.
        const ageMs = now - Number(at);
        if (!(ageMs >= 0 && ageMs < KEPT_MS)) cursor.delete();
        cursor.continue();
      };
      return promisifyRequest(store.transaction);
    });
  }
}

/** Returns the callback record in a stored entry. Returns `undefined` when the entry is damaged. */
export function callbackIn(entry: unknown): CallbackRecord | undefined {
  return parseCallback((entry as Partial<DatedCallback> | null | undefined)?.record);
}

interface DatedCallback {
  /** The time at which `put()` stored the record. Milliseconds since the epoch. */
  at: number;
  record: CallbackRecord;
}
