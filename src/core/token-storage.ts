/**
 * A key-value storage whose values expire. A token manager stores its tokens in it, and a `CachedGrant` its records. A storage
 * copies values with `structuredClone` or `JSON`, so a value must survive the one that the storage uses. An app may implement
 * a storage of its own. Every method rejects with a `StorageError` when the storage fails.
 */
export interface TokenStorage {
  /** Returns the value, or undefined when there is none or it has expired. */
  get(key: string): Promise<unknown>;
  /** Stores a value. `ttlMs`: the time until it expires. Milliseconds. Default: it does not expire. */
  set(key: string, value: unknown, ttlMs?: number): Promise<void>;
  delete(key: string): Promise<void>;
  exists(key: string): Promise<boolean>;
  /** Deletes all entries of this storage, and no entry of other code. */
  clear(): Promise<void>;
}
