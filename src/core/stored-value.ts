/** The record that a built-in storage stores for a value. */
export interface StoredValue {
  readonly value: unknown;
  /** When the value expires. Milliseconds since the epoch. Absent: the value does not expire. */
  readonly until?: number;
}

/**
 * Returns the record of a value that expires `ttlMs` milliseconds after `now`. Without `ttlMs`, the value does not expire.
 * `now`: milliseconds since the epoch.
 */
export function storedValue(value: unknown, now: number, ttlMs: number | undefined): StoredValue {
  return ttlMs !== undefined && Number.isFinite(ttlMs) ? { value, until: now + ttlMs } : { value };
}

/** Returns the value of a record that is intact and has not expired. Returns undefined for every other record. */
export function readStoredValue(record: unknown, now: number): unknown {
  if (typeof record !== "object" || record === null) return undefined;
  const { value, until } = record as Partial<Record<keyof StoredValue, unknown>>;
  return until === undefined || (typeof until === "number" && now < until) ? value : undefined;
}

/**
 * Returns the full key of an entry. The encoded prefix contains no `/`, so two storages with different prefixes have different
 * keys.
 */
export function storageKey(prefix: string, key: string): string {
  return `latchkey/storage/${encodeURIComponent(prefix)}/${key}`;
}
