import { parseRefusal } from "../core/refusal-pauses.ts";
import type { Refusal } from "../core/session.ts";
import type { TokenSet } from "../core/token-set.ts";

/** What a `CachedGrant` stores. */
export interface CacheRecord {
  readonly v: 1;
  readonly configHash: string;
  /** Milliseconds since the epoch. */
  readonly storedAt: number;
  readonly tokens: TokenSet;
  /** How the server refused the refresh token, which it did not end. */
  readonly refusal?: Refusal;
}

const MAY_BE_STRINGS = ["refreshToken", "idToken", "issuedTokenType"];

/** Undefined when `value` is not one, or not whole. */
export function parseRecord(value: unknown): CacheRecord | undefined {
  if (!isObject(value) || value["v"] !== 1 || !isObject(value["tokens"])) return undefined;
  const { configHash, storedAt, tokens } = value;
  const { accessToken, tokenType, expiresAt, scope, user } = tokens;
  const isWhole =
    typeof configHash === "string" &&
    Number.isFinite(storedAt) &&
    typeof accessToken === "string" &&
    accessToken !== "" &&
    typeof tokenType === "string" &&
    Number.isFinite(expiresAt) &&
    Array.isArray(scope) &&
    scope.every((name) => typeof name === "string") &&
    (user === undefined || (isObject(user) && typeof user["sub"] === "string")) &&
    MAY_BE_STRINGS.every((name) => ["string", "undefined"].includes(typeof tokens[name]));
  if (!isWhole) return undefined;
  const { refusal: stored, ...record } = value as unknown as CacheRecord;
  const refusal = parseRefusal(stored);
  return { ...record, ...(refusal && { refusal }) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
