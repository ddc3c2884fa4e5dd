import { isObject, text } from "../core/shape.ts";
import type { ImportedSession } from "./source.ts";

/** The storages of other SDKs. Functions, because reading the property throws in browsers that block storage. */
const STORAGES: readonly (() => Storage)[] = [() => sessionStorage, () => localStorage];

/**
 * The first well-formed session in the given storage, or else in `sessionStorage` and then `localStorage`. If there is none:
 * the first problem found, or undefined.
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

/** A storage that the browser blocks counts as empty. */
function ifAllowed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}

/** Parses a JSON object. Returns undefined unless the members that it has are of these types. */
export function parseEntry<K extends string>(
  text: string,
  members: Readonly<Record<K, "string" | "number" | "object">>,
): Partial<Record<K, unknown>> | undefined {
  const value = parseJson(text);
  return isObject(value) && hasTypes(value, members)
    ? (value as Partial<Record<K, unknown>>)
    : undefined;
}

/** Whether the members that an object has are of these types. */
export function hasTypes(
  value: object,
  members: Readonly<Record<string, "string" | "number" | "object">>,
): boolean {
  return Object.entries(members).every(([name, type]) => {
    const member: unknown = Reflect.get(value, name);
    return member === undefined || member === null || typeof member === type;
  });
}

/** Splits a scope that is separated by spaces or commas. */
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
