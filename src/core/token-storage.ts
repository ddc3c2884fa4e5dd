/**
 * A key-value storage whose values can expire. Token managers and `CachedGrant` store tokens in a `TokenStorage`. An app can
 * implement its own storage. An implementation copies values with `structuredClone` or `JSON`. So a caller must store only
 * values that can be copied in both ways. Every method rejects with a `StorageError` when the storage fails.
 */
export interface TokenStorage {
  /** Returns the value of `key`. Returns undefined when there is none, or when the value has expired. */
  get(key: string): Promise<unknown>;
  /** Stores a value that expires after `ttlMs` milliseconds. Without `ttlMs`, the value does not expire. */
  set(key: string, value: unknown, ttlMs?: number): Promise<void>;
  delete(key: string): Promise<void>;
  exists(key: string): Promise<boolean>;
  /** Deletes all entries of this storage. Entries of other code stay. */
  clear(): Promise<void>;
}
