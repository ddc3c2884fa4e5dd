import type { SessionRow } from "./session.ts";
import { parseWantKey } from "./want.ts";

/**
 * What a store holds as a session. Damaged records count as none, so that a login can replace them; of a newer version only
 * the version is sure.
 */
export function parseRow(value: unknown): SessionRow | undefined {
  const row = value as SessionRow;
  if (!has(row, { v: "number" })) return undefined;
  return row.v > 1 || isWhole(row) ? row : undefined;
}

function isWhole(row: SessionRow): boolean {
  const { att, end, access, tokens, refusals = {}, resources = [] } = row;
  return (
    has(row, { sid: "string", gen: "number", seq: "number", cseq: "number", access: "object" }) &&
    (att === null || has(att, { id: "string", seq: "number", n: "number", tries: "number" })) &&
    (end === null
      ? has(tokens, { access: "object", user: "object", tokenEndpoint: "string" }) ||
        has(tokens, { memory: "string" })
      : has(end, { why: "string" })) &&
    Object.entries(access).every(
      ([want, entry]) =>
        isWantKey(want) &&
        has(entry, { gen: "number", expiresAt: "number" }) &&
        Array.isArray(entry.scope),
    ) &&
    (att === null || isWantKey(att.want)) &&
    Object.values(refusals).every(isRefusal) &&
    Array.isArray(resources)
  );
}

function isRefusal(value: unknown): boolean {
  return has(value, { meaning: "string", count: "number", firstAt: "number", lastAt: "number" });
}

function has(value: unknown, members: Readonly<Record<string, string>>): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.entries(members).every(([name, type]) => {
      const member: unknown = Reflect.get(value, name);
      return typeof member === type && member !== null && !Number.isNaN(member);
    })
  );
}

function isWantKey(value: unknown): boolean {
  try {
    parseWantKey(value as string);
    return true;
  } catch {
    return false;
  }
}
