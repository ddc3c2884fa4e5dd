import { promisifyRequest, type UseStore } from "idb-keyval";
import type { CallbackLedger, CallbackRecord } from "../core/callback-ledger.ts";
import type { Clock } from "../core/ports.ts";
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
    return (await readEntry<DatedCallback>(this.#database, CALLBACKS + state))?.record;
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
        const { at = 0 } = (cursor.value ?? {}) as Partial<DatedCallback>;
        if (at <= now - KEPT_MS) cursor.delete();
        cursor.continue();
      };
      return promisifyRequest(store.transaction);
    });
  }
}

export interface DatedCallback {
  /** Milliseconds since the epoch. */
  at: number;
  record: CallbackRecord;
}
