import { StorageError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import { readStoredValue, storageKey, storedValue } from "../../core/stored-value.ts";
import type { TokenStorage } from "../../core/token-storage.ts";
import { systemClock } from "../page/system-clock.ts";

/** Configuration of a `WebTokenStorage`. */
export interface WebTokenStorageConfig {
  /**
   * A string that becomes a part of each key. If two storages in the same origin have different prefixes, they do not share
   * values. Default: an empty string.
   */
  readonly prefix?: string;
  /** The clock that decides whether a value has expired. Default: the system's clock. */
  readonly clock?: Pick<Clock, "now">;
}

/**
 * Stores keys and values as JSON in `localStorage` or `sessionStorage`. Every script of the origin can read the values.
 * Each method rejects with a `StorageError` when the storage is blocked or full.
 * @example
 * const storage = new WebTokenStorage(() => sessionStorage, { prefix: "reports" });
 * await storage.set("token", { accessToken: "…" }, 60_000);
 */
export class WebTokenStorage implements TokenStorage {
  readonly #storage: () => Storage;
  readonly #prefix: string;
  readonly #clock: Pick<Clock, "now">;

  /**
   * @param storage returns `localStorage` or `sessionStorage`. `storage` is a function, because access to these globals can
   * throw.
   */
  constructor(
    storage: () => Storage,
    { prefix = "", clock = systemClock }: WebTokenStorageConfig = {},
  ) {
    this.#storage = storage;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  get(key: string): Promise<unknown> {
    return this.#use((storage) => this.#read(storage, storageKey(this.#prefix, key)));
  }

  set(key: string, value: unknown, ttlMs?: number): Promise<void> {
    return this.#use((storage) => {
      const record = JSON.stringify(storedValue(value, this.#clock.now(), ttlMs));
      for (const name of this.#names(storage)) this.#read(storage, name);
      storage.setItem(storageKey(this.#prefix, key), record);
    });
  }

  delete(key: string): Promise<void> {
    return this.#use((storage) => storage.removeItem(storageKey(this.#prefix, key)));
  }

  async exists(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  clear(): Promise<void> {
    return this.#use((storage) => {
      for (const name of this.#names(storage)) storage.removeItem(name);
    });
  }

  /** Reads a value. Deletes a value that is damaged or has expired. */
  #read(storage: Storage, name: string): unknown {
    const text = storage.getItem(name);
    if (text === null) return undefined;
    const value = readStoredValue(parse(text), this.#clock.now());
    if (value === undefined) storage.removeItem(name);
    return value;
  }

  #names(storage: Storage): string[] {
    const prefix = storageKey(this.#prefix, "");
    return Array.from({ length: storage.length }, (_, i) => storage.key(i)).filter(
      (name): name is string => name?.startsWith(prefix) ?? false,
    );
  }

  async #use<T>(work: (storage: Storage) => T): Promise<T> {
    try {
      return work(this.#storage());
    } catch (error) {
      throw new StorageError("localStorage or sessionStorage failed", error);
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
