import { StorageError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import { readStoredValue, storageKey, storedValue } from "../../core/stored-value.ts";
import type { TokenStorage } from "../../core/token-storage.ts";
import { systemClock } from "../page/system-clock.ts";

export interface WebTokenStorageConfig {
  /** Which of the storages of this origin. */
  readonly prefix?: string;
  readonly clock?: Pick<Clock, "now">;
}

/**
 * Keys and values as JSON in `localStorage` or `sessionStorage`, where every script of the origin can read them.
 * `storage` is a function because browsers that block them throw when they are looked at: `() => sessionStorage`.
 */
export class WebTokenStorage implements TokenStorage {
  readonly #storage: () => Storage;
  readonly #prefix: string;
  readonly #clock: Pick<Clock, "now">;

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

  /** What is damaged or over is deleted: nobody else writes under this prefix. */
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
      throw new StorageError("web storage failed", error);
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
