import { del, get, promisifyRequest } from "idb-keyval";
import type { Clock } from "../../core/ports.ts";
import { NO_CHANGE } from "../../core/session.ts";
import { readStoredValue, storageKey, storedValue } from "../../core/stored-value.ts";
import type { TokenStorage } from "../../core/token-storage.ts";
import { updateEntry, within, type Database } from "./database.ts";
import { systemClock } from "../page/system-clock.ts";

/** Configuration of an `IndexedDBTokenStorage`. */
export interface IndexedDBTokenStorageConfig {
  /**
   * A string that becomes a part of each key. If two storages in the same database have different prefixes, they do not share
   * values. Default: an empty string.
   */
  readonly prefix?: string;
  /** The clock that decides whether a value has expired. Default: the system's clock. */
  readonly clock?: Pick<Clock, "now">;
}

/**
 * Stores keys and values in IndexedDB. Each method rejects with a `StorageError` when IndexedDB fails.
 * @example
 * const storage = new IndexedDBTokenStorage(createDatabase(), { prefix: "reports" });
 * await storage.set("token", { accessToken: "…" }, 60_000);
 * const token = await storage.get("token"); // undefined after a minute
 */
export class IndexedDBTokenStorage implements TokenStorage {
  readonly #database: Database;
  readonly #prefix: string;
  readonly #clock: Pick<Clock, "now">;

  constructor(
    database: Database,
    { prefix = "", clock = systemClock }: IndexedDBTokenStorageConfig = {},
  ) {
    this.#database = database;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  async get(key: string): Promise<unknown> {
    const name = storageKey(this.#prefix, key);
    const record = await get(name, this.#database);
    const read = (record: unknown) => readStoredValue(record, this.#clock.now());
    const value = read(record);
    if (value !== undefined || record === undefined) return value;
    // The record is damaged or has expired. The transaction deletes the record, unless another tab has just stored a valid
    // record.
    const unparsed = (record: unknown) => record;
    return read(
      await updateEntry(this.#database, name, unparsed, (record) =>
        read(record) === undefined ? undefined : NO_CHANGE,
      ),
    );
  }

  async set(key: string, value: unknown, ttlMs?: number): Promise<void> {
    const now = this.#clock.now();
    // Copy the value first, because the caller might change the value before the transaction stores it.
    const record = structuredClone(storedValue(value, now, ttlMs));
    await this.#database("readwrite", (store) => {
      const all = store.openCursor(within(storageKey(this.#prefix, "")));
      all.onsuccess = () => {
        const cursor = all.result;
        // The cursor has ended, so `cursor.delete()` cannot delete the new record.
        if (!cursor) {
          store.put(record, storageKey(this.#prefix, key));
          return;
        }
        if (readStoredValue(cursor.value, now) === undefined) cursor.delete();
        cursor.continue();
      };
      return promisifyRequest(store.transaction);
    });
  }

  delete(key: string): Promise<void> {
    return del(storageKey(this.#prefix, key), this.#database);
  }

  async exists(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  clear(): Promise<void> {
    return this.#database("readwrite", (store) => {
      store.delete(within(storageKey(this.#prefix, "")));
      return promisifyRequest(store.transaction);
    });
  }
}
