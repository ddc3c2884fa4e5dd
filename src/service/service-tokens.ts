import { isObject } from "../core/shape.ts";
import type { Refusal } from "../core/session.ts";
import type { Lifetime } from "../core/token-lifetime.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";

/** The stored tokens of one user for one target (scope, resource and audience), without the ID token. */
export interface ServiceTokens extends Omit<TokenSet, "idToken" | "generation" | "origin"> {
  /** The access token, or an empty string after `invalidateToken()`. */
  readonly accessToken: string;
  /** The time between the storing and the expiry of the access token. Milliseconds. */
  readonly lifetimeMs: number;
  /** The last refused refresh, if the refresh token might still be valid. Says when and why the server refused. */
  readonly refusal?: Refusal;
}

/** Returns the stored form of `tokens`. `now`: milliseconds since the epoch. */
export function serviceTokens(tokens: TokenSet, now: number): ServiceTokens {
  const { accessToken, tokenType, expiresAt, scope, refreshToken, user, authTime } = tokens;
  const { issuedTokenType, extra } = tokens;
  return {
    accessToken,
    tokenType,
    expiresAt,
    lifetimeMs: expiresAt - now,
    scope,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(user && { user }),
    ...(authTime !== undefined && { authTime }),
    ...(issuedTokenType !== undefined && { issuedTokenType }),
    ...(extra && { extra }),
  };
}

/** Returns a copy of `tokens` with an empty access token. The refresh token stays. */
export function invalidated(tokens: ServiceTokens): ServiceTokens {
  return { ...tokens, accessToken: "", expiresAt: 0 };
}

/**
 * The tokens that `getTokenSet()` returns, without the refresh token. `JSON.stringify` and Node's `inspect` show none of the
 * members.
 */
export type ServiceTokenSet = Pick<
  TokenSet,
  | "accessToken"
  | "tokenType"
  | "expiresAt"
  | "scope"
  | "extra"
  | "user"
  | "authTime"
  | "issuedTokenType"
>;

/** Returns the tokens without the refresh token and without the members that only the store needs. */
export function shownTokens(tokens: ServiceTokenSet): ServiceTokenSet {
  const { accessToken, tokenType, expiresAt, scope } = tokens;
  const { extra, user, authTime, issuedTokenType } = tokens;
  return tokenSet({
    accessToken,
    tokenType,
    expiresAt,
    scope,
    ...(extra && { extra }),
    ...(user && { user }),
    ...(authTime !== undefined && { authTime }),
    ...(issuedTokenType !== undefined && { issuedTokenType }),
  });
}

/** Returns the lifetime of the access token. */
export function lifetimeOf({ expiresAt, lifetimeMs }: ServiceTokens): Lifetime {
  return { expiresAt, lifetimeMs: lifetimeMs };
}

/** Returns `value` as `ServiceTokens`, or undefined if `value` is something else. */
export function parseServiceTokens(value: unknown): ServiceTokens | undefined {
  const tokens = value as ServiceTokens | undefined;
  return typeof tokens === "object" &&
    tokens !== null &&
    typeof tokens.accessToken === "string" &&
    typeof tokens.expiresAt === "number" &&
    typeof tokens.lifetimeMs === "number" &&
    ["string", "undefined"].includes(typeof tokens.refreshToken) &&
    Array.isArray(tokens.scope) &&
    (tokens.extra === undefined || isObject(tokens.extra))
    ? tokens
    : undefined;
}
