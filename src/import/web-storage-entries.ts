import { isObject, text } from "../core/shape.ts";
import type { ImportedSession } from "./source.ts";

/**
 * The storages that other SDKs use by default. Each is a function, because access to `sessionStorage` throws in a browser that
 * blocks storage.
 */
const STORAGES: readonly (() => Storage)[] = [() => sessionStorage, () => localStorage];

/**
 * Calls `find` with `storage`, or, if `storage` is undefined, with `sessionStorage` and then with `localStorage`.
 * - If a call returns a result of the type `found`, `findIn()` returns this result.
 * - If the calls return only results of other types, such as `malformed`, `findIn()` returns the first of these results.
 * - If no call returns a result, `findIn()` returns undefined.
 */
export function findIn(
  storage: (() => Storage) | undefined,
  find: (storage: Storage) => ImportedSession | undefined,
): ImportedSession | undefined {
  let refused: ImportedSession | undefined;
  for (const get of storage ? [storage] : STORAGES) {
    const found = ifAllowed(() => find(get()));
    if (found?.type === "found") return found;
    refused ??= found;
  }
  return refused;
}

/** Returns the result of `read`, or undefined if the browser blocks the storage. */
function ifAllowed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}

/**
 * Parses a JSON object. `members` names the expected type of each member, and each member can be absent. Returns undefined if
 * the text is malformed, or if a member has another type.
 */
export function parseEntry<K extends string>(
  text: string,
  members: Readonly<Record<K, "string" | "number" | "object">>,
): Partial<Record<K, unknown>> | undefined {
  const value = parseJson(text);
  return isObject(value) && hasTypes(value, members)
    ? (value as Partial<Record<K, unknown>>)
    : undefined;
}

/**
 * Compares the members of `value` with the types in `members`. Returns true if every member in `members` has the expected type,
 * is null or is absent.
 */
export function hasTypes(
  value: object,
  members: Readonly<Record<string, "string" | "number" | "object">>,
): boolean {
  return Object.entries(members).every(([name, type]) => {
    const member: unknown = Reflect.get(value, name);
    return member === undefined || member === null || typeof member === type;
  });
}

/** Splits a scope text at spaces and commas. Returns undefined if `value` is not a text. */
export function scopeOf(value: unknown): readonly string[] | undefined {
  return text(value)?.split(/[ ,]+/).filter(Boolean);
}

/** Converts seconds since the epoch to milliseconds since the epoch. */
export function msOf(seconds: unknown): number | undefined {
  return typeof seconds === "number" && Number.isFinite(seconds) ? seconds * 1_000 : undefined;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
