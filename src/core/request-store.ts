/**
 * Stores the pending requests of one kind, such as authorization requests, by their id. The store must not contain anything
 * else, because Latchkey deletes every old entry.
 */
export interface RequestStore {
  get(id: string): Promise<string | null>;
  set(id: string, value: string): Promise<void>;
  /** Removes and returns a request in one transaction, so that only one of two callers gets the request. */
  remove(id: string): Promise<string | null>;
  getAllKeys(): Promise<string[]>;
}
