import { promisifyRequest, type UseStore } from "idb-keyval";
import type { CallbackLedger, CallbackRecord } from "../../core/callback-ledger.ts";
import { parseCallback } from "../../core/parse-callback.ts";
import type { Clock } from "../../core/ports.ts";
import { readEntry, within } from "./database.ts";

/** Prefix of the keys of handled responses. */
export const CALLBACKS = "callback/";
/** Longer than any repeated call of `handleCallback()` for the same response takes. Milliseconds. */
const KEPT_MS = 10 * 60_000;

/**
 * Stores handled authorization responses in IndexedDB for ten minutes.
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
        // Stored last: a cursor that has read the old record of this key would delete the new one.
        if (!cursor) {
          store.put({ at: now, record } satisfies DatedCallback, CALLBACKS + state);
          return;
        }
        const { at } = (cursor.value ?? {}) as Partial<DatedCallback>;
        // A record without a time is damaged. A record from the future was stored before the clock was set back.
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
  /** Time of the `put`. Milliseconds since the epoch. */
  at: number;
  record: CallbackRecord;
}
