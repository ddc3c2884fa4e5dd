import type { ImportedSession } from "./source.ts";

/** Where other SDKs keep theirs. Functions, because browsers that block them throw when they are looked at. */
const STORAGES: readonly (() => Storage)[] = [() => sessionStorage, () => localStorage];

/** The first well-formed session of the given storage, or of this tab and then of the origin; or else why there is none. */
export function findIn(
  storage: (() => Storage) | undefined,
  find: (storage: Storage) => ImportedSession | undefined,
): ImportedSession | undefined {
  let refused: ImportedSession | undefined;
  for (const get of storage ? [storage] : STORAGES) {
    const found = ifAllowed(() => find(get()));
    if (found?.type === "left") return found;
    refused ??= found;
  }
  return refused;
}

/** Who may not look has nothing there. */
function ifAllowed<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}

/** The JSON object in an entry whose members, where they are, are of these types; undefined for everything else. */
export function parseEntry<K extends string>(
  text: string,
  members: Readonly<Record<K, "string" | "number" | "object">>,
): Partial<Record<K, unknown>> | undefined {
  const value = parseJson(text);
  return isObject(value) && hasTypes(value, members) ? value : undefined;
}

export function hasTypes(
  value: object,
  members: Readonly<Record<string, "string" | "number" | "object">>,
): boolean {
  return Object.entries(members).every(([name, type]) => {
    const member: unknown = Reflect.get(value, name);
    return member === undefined || member === null || typeof member === type;
  });
}

export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A non-empty string, or undefined. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function scopeOf(value: unknown): readonly string[] | undefined {
  return text(value)?.split(/[ ,]+/).filter(Boolean);
}

/** Milliseconds of a time in seconds, both since the epoch. */
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
