import type { Clock } from "../core/ports.ts";
import { readStoredValue, storageKey, storedValue } from "../core/stored-value.ts";
import type { TokenStorage } from "../core/token-storage.ts";

/** Configuration of a `MemoryTokenStorage`. */
export interface MemoryTokenStorageConfig {
  /**
   * A part of each key. Storages with different prefixes do not share values, even in the same map. Default: an empty string.
   */
  readonly prefix?: string;
  /** The map that contains the values. Several storages can use the same map. Default: a new map. */
  readonly entries?: Map<string, unknown>;
  /** The clock for the expiry of values. Default: the system's clock. */
  readonly clock?: Pick<Clock, "now">;
}

/**
 * Stores keys and values in this process's memory. Values are copied when they are stored and when they are read, so that no
 * caller changes a stored value by accident.
 * @example
 * const storage = new MemoryTokenStorage();
 * await storage.set("token", { accessToken: "…" }, 60_000);
 * const token = await storage.get("token"); // undefined after a minute
 */
export class MemoryTokenStorage implements TokenStorage {
  readonly #entries: Map<string, unknown>;
  readonly #prefix: string;
  readonly #clock: Pick<Clock, "now">;

  constructor({
    prefix = "",
    entries = new Map(),
    clock = { now: () => Date.now() },
  }: MemoryTokenStorageConfig = {}) {
    this.#entries = entries;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  get(key: string): Promise<unknown> {
    const name = storageKey(this.#prefix, key);
    const value = readStoredValue(this.#entries.get(name), this.#clock.now());
    if (value === undefined) this.#entries.delete(name);
    return Promise.resolve(structuredClone(value));
  }

  async set(key: string, value: unknown, ttlMs?: number): Promise<void> {
    const now = this.#clock.now();
    const record = structuredClone(storedValue(value, now, ttlMs));
    for (const [name, record] of this.#all()) {
      if (readStoredValue(record, now) === undefined) this.#entries.delete(name);
    }
    this.#entries.set(storageKey(this.#prefix, key), record);
  }

  delete(key: string): Promise<void> {
    this.#entries.delete(storageKey(this.#prefix, key));
    return Promise.resolve();
  }

  async exists(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  clear(): Promise<void> {
    for (const [name] of this.#all()) this.#entries.delete(name);
    return Promise.resolve();
  }

  #all(): [string, unknown][] {
    const prefix = storageKey(this.#prefix, "");
    return [...this.#entries].filter(([name]) => name.startsWith(prefix));
  }
}
