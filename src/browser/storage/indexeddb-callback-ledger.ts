import { promisifyRequest, type UseStore } from "idb-keyval";
import type { CallbackLedger, CallbackRecord } from "../../core/callback-ledger.ts";
import { parseCallback } from "../../core/parse-callback.ts";
import type { Clock } from "../../core/ports.ts";
import { readEntry, within } from "./database.ts";

export const CALLBACKS = "callback/";
/** Longer than any second look at one response takes. */
const KEPT_MS = 10 * 60_000;

/** Handled authorization responses in IndexedDB, for ten minutes. */
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
        // Last: a cursor that has seen the old record deletes the new one.
        if (!cursor) {
          store.put({ at: now, record } satisfies DatedCallback, CALLBACKS + state);
          return;
        }
        const { at } = (cursor.value ?? {}) as Partial<DatedCallback>;
        // What has no time is damaged, and what is from the future was put before the clock was set back.
        const ageMs = now - Number(at);
        if (!(ageMs >= 0 && ageMs < KEPT_MS)) cursor.delete();
        cursor.continue();
      };
      return promisifyRequest(store.transaction);
    });
  }
}

/** The record of an entry, of which nothing is sure. */
export function callbackIn(entry: unknown): CallbackRecord | undefined {
  return parseCallback((entry as Partial<DatedCallback> | null | undefined)?.record);
}

interface DatedCallback {
  /** Milliseconds since the epoch. */
  at: number;
  record: CallbackRecord;
}
