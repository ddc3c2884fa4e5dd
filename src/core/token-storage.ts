/**
 * A key-value storage for tokens. A value can expire. `structuredClone` and `JSON` must both be able to copy each value. Every
 * method rejects with a `StorageError` when the storage fails.
 */
export interface TokenStorage {
  /** Returns the value of `key`. Returns undefined if `key` has no value, or if the value has expired. */
  get(key: string): Promise<unknown>;
  /** Stores a value that expires after `ttlMs` milliseconds. Without `ttlMs`, the value does not expire. */
  set(key: string, value: unknown, ttlMs?: number): Promise<void>;
  delete(key: string): Promise<void>;
  exists(key: string): Promise<boolean>;
  /** Deletes all entries of this storage. Entries of other storages stay. */
  clear(): Promise<void>;
}
