import { isObject, text } from "../core/shape.ts";
import type { ImportedSession } from "./source.ts";

/**
 * The storages that other SDKs use by default. Each entry is a function, because reading `sessionStorage` throws an error if
 * the browser blocks storage.
 */
const STORAGES: readonly (() => Storage)[] = [() => sessionStorage, () => localStorage];

/**
 * Calls `find` with each storage until a session is found, and returns the session. By default, searches `sessionStorage` and
 * then `localStorage`. If no session is found, returns the first other result, such as `malformed`, or undefined.
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
 * Parses a JSON object. `members`: the allowed type of each member. Each member can be absent. Returns undefined if the text is
 * malformed, or if a member has another type.
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

/** Whether each member that `members` names has the named type, is null or is absent. */
export function hasTypes(
  value: object,
  members: Readonly<Record<string, "string" | "number" | "object">>,
): boolean {
  return Object.entries(members).every(([name, type]) => {
    const member: unknown = Reflect.get(value, name);
    return member === undefined || member === null || typeof member === type;
  });
}

/** Splits a scope string at spaces and commas. Returns undefined if `value` is not a string or is empty. */
export function scopeOf(value: unknown): readonly string[] | undefined {
  return text(value)?.split(/[ ,]+/).filter(Boolean);
}

/** Converts seconds to milliseconds. Returns undefined if `seconds` is not a finite number. */
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
