import { encodeKey } from "./keys.ts";

/** The form in which Latchkey's token storages store a value. */
export interface StoredValue {
  readonly value: unknown;
  /** The time when the value expires. Milliseconds since the epoch. Absent if the value does not expire. */
  readonly until?: number;
}

/**
 * Returns the record that stores a value. The value expires `ttlMs` milliseconds after `now`. Without `ttlMs`, the value does
 * not expire. `now`: milliseconds since the epoch.
 */
export function storedValue(value: unknown, now: number, ttlMs: number | undefined): StoredValue {
  return ttlMs !== undefined && Number.isFinite(ttlMs) ? { value, until: now + ttlMs } : { value };
}

/** Returns the value in a stored record. Returns undefined if the record is damaged or the value has expired. */
export function readStoredValue(record: unknown, now: number): unknown {
  if (typeof record !== "object" || record === null) return undefined;
  const { value, until } = record as Partial<Record<keyof StoredValue, unknown>>;
  return until === undefined || (typeof until === "number" && now < until) ? value : undefined;
}

/**
 * Returns the full key of an entry. Different prefixes always give different keys, because the encoded prefix contains no `/`.
 */
export function storageKey(prefix: string, key: string): string {
  return `latchkey/storage/${encodeKey(prefix)}/${key}`;
}
