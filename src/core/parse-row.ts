import type { AccessEntry, Refusal, SessionRow, TokenRecord } from "./session.ts";
import { has, isEach } from "./shape.ts";
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

/** The secrets of a session, as `persist: "device"` stores them and as tabs give them to each other. */
export function isTokenRecord(value: unknown): value is TokenRecord {
  const record = value as TokenRecord;
  return (
    has(record, {
      refreshToken: "string|undefined",
      idToken: "string|undefined",
      idTokenVerified: "boolean|undefined",
      authTime: "number|undefined",
      tokenEndpoint: "string|undefined",
      access: "object",
    }) &&
    has(record.user, { sub: "string", claims: "object|undefined" }) &&
    isEach(record.access, (held) => has(held, { token: "string", tokenType: "string|undefined" }))
  );
}

/** The name of tokens that the tabs hold, as `persist: "memory"` stores it. */
export function isTokenName(value: unknown): value is { readonly memory: string } {
  return has(value, { memory: "string" });
}

function isWhole(row: SessionRow): boolean {
  const { att, end, access, refusals, resources = [], tokens } = row;
  return (
    has(row, {
      sid: "string",
      gen: "number",
      seq: "number",
      cseq: "number",
      keep: "string",
      remembered: "object|undefined",
      signature: "string|undefined",
      refusals: "object|undefined",
      renewable: "boolean",
      access: "object",
    }) &&
    (att === null ||
      (has(att, {
        id: "string",
        seq: "number",
        n: "number",
        tries: "number",
        retryAt: "number|undefined",
        retryMs: "number|undefined",
      }) &&
        isWantKey(att.want))) &&
    (end === null ? holds(tokens, access) : has(end, { why: "string" })) &&
    isEach(access, isAccessEntry) &&
    isEach(refusals ?? {}, isRefusal) &&
    Array.isArray(resources)
  );
}

/** With a token for each entry of the index: one without would be found and could not be given. */
function holds(tokens: unknown, access: SessionRow["access"]): boolean {
  return (
    isTokenName(tokens) ||
    (isTokenRecord(tokens) && isEach(access, (_, want) => Object.hasOwn(tokens.access, want)))
  );
}

function isAccessEntry(entry: AccessEntry, want: string): boolean {
  return (
    isWantKey(want) &&
    has(entry, {
      gen: "number",
      expiresAt: "number",
      lifeMs: "number|undefined",
      scope: "array",
    }) &&
    entry.scope.every((name) => typeof name === "string")
  );
}

function isRefusal(refusal: Refusal, want: string): boolean {
  return (
    isWantKey(want) &&
    has(refusal, { meaning: "string", count: "number", firstAt: "number", lastAt: "number" })
  );
}

function isWantKey(value: unknown): boolean {
  try {
    // A key of another form throws.
    return parseWantKey(value as string).scope !== undefined;
  } catch {
    return false;
  }
}
