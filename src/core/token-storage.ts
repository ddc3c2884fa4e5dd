/**
 * A key-value storage for tokens. A value can expire. `structuredClone` and `JSON` must both be able to copy each value. Every
 * method rejects with a `StorageError` when the storage fails.
 */
export interface TokenStorage {
  /** Returns the value of `key`. Returns undefined if `key` has no value, or if the value has expired. */
  get(key: string): Promise<unknown>;
  /**
   * Stores a value that expires after `ttlMs` milliseconds. With `ttlMs` of `Infinity`, the value does not expire. Without
   * `ttlMs`, the value gets the default time to live of the storage, or does not expire.
   */
  set(key: string, value: unknown, ttlMs?: number): Promise<void>;
  /**
   * Stores a value as `set()` does, but only if `mayReplace` returns true for the stored value. `mayReplace` gets what `get()`
   * would return. The storage guarantees that nothing changes the stored value between the two. If `value` is undefined, the
   * storage deletes the stored value instead. Returns false if `mayReplace` returned false.
   *
   * A storage needs `replace()` if a process can lose a lock and continue, as with locks in Redis. Without `replace()`, a
   * process that stopped for a while might replace newer tokens.
   */
  replace?(
    key: string,
    value: unknown,
    ttlMs: number | undefined,
    mayReplace: (stored: unknown) => boolean,
  ): Promise<boolean>;
  delete(key: string): Promise<void>;
  exists(key: string): Promise<boolean>;
  /** Deletes all entries of this storage. Entries of other storages stay. */
  clear(): Promise<void>;
}
