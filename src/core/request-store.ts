/** Pending requests of one kind and nothing else, by id: whoever sweeps it deletes whatever it lists. */
export interface RequestStore {
  get(id: string): Promise<string | null>;
  set(id: string, value: string): Promise<void>;
  /** Takes the record out, atomically: of two callers one gets it. */
  remove(id: string): Promise<string | null>;
  getAllKeys(): Promise<string[]>;
}
