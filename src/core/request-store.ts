/**
 * Stores pending requests of one kind, such as authorization requests. The key of each request is its id. Latchkey deletes
 * every old entry, so the store must not contain anything else.
 */
export interface RequestStore {
  get(id: string): Promise<string | null>;
  set(id: string, value: string): Promise<void>;
  /**
   * Removes a request and returns it. If two callers remove the same request, only one of them gets the request. The other gets
   * null.
   */
  remove(id: string): Promise<string | null>;
  getAllKeys(): Promise<string[]>;
}
