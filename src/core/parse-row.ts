import type { AccessEntry, Refusal, SessionRow, TokenRecord } from "./session.ts";
import { has, isEach } from "./shape.ts";
import { parseTargetKey } from "./token-target.ts";

/**
 * Parses the stored row of a session. Returns undefined if the row is damaged. If a newer version of Latchkey wrote the row,
 * only `version` is validated. `hasTokens` validates `tokens` of a session that has not ended. Default: `tokens` is a
 * `TokenRecord`, or an id of tokens in memory.
 */
export function parseRow(value: unknown, hasTokens: typeof holds = holds): SessionRow | undefined {
  const row = value as SessionRow;
  if (!has(row, { version: "number" })) return undefined;
  return row.version > 2 || isWhole(row, hasTokens) ? row : undefined;
}

/** Whether `value` has the form of a `TokenRecord`. A `TokenRecord` contains the tokens and the user of a session. */
export function isTokenRecord(value: unknown): value is TokenRecord {
  const record = value as TokenRecord;
  return (
    has(record, {
      refreshToken: "string|undefined",
      idToken: "string|undefined",
      idTokenVerified: "boolean|undefined",
      authTime: "number|undefined",
      access: "object",
    }) &&
    has(record.user, { sub: "string", claims: "object|undefined" }) &&
    isEach(record.access, (cached) =>
      has(cached, { token: "string", tokenType: "string|undefined" }),
    )
  );
}

/** Whether `value` refers to tokens that are only in the memory of open tabs. `value.memory` is then the id of the tokens. */
export function isTokenName(value: unknown): value is { readonly memory: string } {
  return has(value, { memory: "string" });
}

function isWhole(row: SessionRow, hasTokens: typeof holds): boolean {
  const { attempt, end, access, refusals, resources = [], tokens } = row;
  return (
    has(row, {
      sessionId: "string",
      generation: "number",
      sequence: "number",
      committedSequence: "number",
      lifetime: "string",
      remembered: "object|undefined",
      signature: "string|undefined",
      uncertain: "boolean|undefined",
      userCheckedAt: "number|undefined",
      refusals: "object|undefined",
      renewable: "boolean",
      access: "object",
    }) &&
    (attempt === null ||
      (has(attempt, {
        id: "string",
        sequence: "number",
        uncertainSends: "number",
        sends: "number",
        retryAt: "number|undefined",
        retryMs: "number|undefined",
      }) &&
        isTargetKey(attempt.target))) &&
    (end === null ? hasTokens(tokens, access) : has(end, { reason: "string" })) &&
    isEach(access, isAccessEntry) &&
    isEach(refusals ?? {}, isRefusal) &&
    Array.isArray(resources)
  );
}

/**
 * Whether `tokens` has an access token for each entry of `access`. If `tokens` is only an id of tokens in memory, returns true
 * without a check.
 */
function holds(tokens: unknown, access: SessionRow["access"]): boolean {
  return (
    isTokenName(tokens) ||
    (isTokenRecord(tokens) && isEach(access, (_, target) => Object.hasOwn(tokens.access, target)))
  );
}

function isAccessEntry(entry: AccessEntry, target: string): boolean {
  return (
    isTargetKey(target) &&
    has(entry, {
      generation: "number",
      expiresAt: "number",
      lifetimeMs: "number|undefined",
      scope: "array",
    }) &&
    entry.scope.every((name) => typeof name === "string")
  );
}

function isRefusal(refusal: Refusal, target: string): boolean {
  return (
    isTargetKey(target) &&
    has(refusal, { meaning: "string", count: "number", firstAt: "number", lastAt: "number" })
  );
}

function isTargetKey(value: unknown): boolean {
  try {
    // `parseTargetKey` throws when `value` is not a target key.
    return parseTargetKey(value as string).scope !== undefined;
  } catch {
    return false;
  }
}
