/** What the built-in storages make of a value: the value, and until when it may be read. */
export interface StoredValue {
  readonly value: unknown;
  /** Milliseconds since the epoch; for ever when not given. */
  readonly until?: number;
}

export function storedValue(value: unknown, now: number, ttlMs: number | undefined): StoredValue {
  return ttlMs !== undefined && Number.isFinite(ttlMs) ? { value, until: now + ttlMs } : { value };
}

/** The value of a record that is whole and whose time is not over; undefined for everything else. */
export function readStoredValue(record: unknown, now: number): unknown {
  if (typeof record !== "object" || record === null) return undefined;
  const { value, until } = record as Partial<Record<keyof StoredValue, unknown>>;
  return until === undefined || (typeof until === "number" && now < until) ? value : undefined;
}

/** Where the keys of a built-in storage begin, so that no prefix reaches into another one's keys, or into somebody else's. */
export function storageKey(prefix: string, key: string): string {
  return `latchkey/storage/${encodeURIComponent(prefix)}/${key}`;
}
