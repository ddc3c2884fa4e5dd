/**
 * Keys and values with a time to live: what the tokens of a service, and the records of a `CachedGrant`, are kept in.
 * Values survive `structuredClone` or `JSON`, whichever the storage uses; nothing else may be put in. An own storage is an
 * object with these five members. Every method rejects with a `StorageError` when the storage fails.
 */
export interface TokenStorage {
  /** Undefined when there is none, or its time is over. */
  get(key: string): Promise<unknown>;
  /** `ttlMs`: for how long it may be read, for ever when not given. */
  set(key: string, value: unknown, ttlMs?: number): Promise<void>;
  delete(key: string): Promise<void>;
  exists(key: string): Promise<boolean>;
  /** Deletes what this storage wrote, and nothing of anybody else. */
  clear(): Promise<void>;
}
