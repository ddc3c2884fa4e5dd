/** Pending requests of one kind, by id. The store has no other entries, because a sweep deletes every old entry. */
export interface RequestStore {
  get(id: string): Promise<string | null>;
  set(id: string, value: string): Promise<void>;
  /** Removes and returns the record, atomically: only one of two callers gets it. */
  remove(id: string): Promise<string | null>;
  getAllKeys(): Promise<string[]>;
}
