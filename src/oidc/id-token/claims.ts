import { IdTokenError } from "../../core/protocol-errors.ts";
import type { User } from "../../core/user.ts";
import { text } from "../../core/shape.ts";
import { parseObject } from "../encoding.ts";

/** The claims of an ID token. */
export type Claims = Readonly<Record<string, unknown>>;

/** The values that the ID token of a login must match. */
export interface LoginExpectation {
  readonly nonce: string;
  /** When the authorization request was made. Milliseconds since the epoch. */
  readonly requestedAt: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Seconds. */
  readonly maxAge?: number | undefined;
  readonly acrValues?: readonly string[] | undefined;
}

/** The values that the ID token of a refresh must match. */
export interface RefreshExpectation {
  readonly issuer: string;
  readonly clientId: string;
  /** `ignore` accepts a changed `auth_time`, for servers that change it at a refresh. Default: `compare`. */
  readonly authTimeOnRefresh?: "compare" | "ignore" | undefined;
}

/** The login that a refresh continues. */
export interface PreviousSignIn {
  /** The user of the last ID token whose signature was validated. */
  readonly user: User;
  /** When the user authenticated. Seconds since the epoch. */
  readonly authTime?: number | undefined;
}

/** Tolerated difference between two clocks. */
const TOLERANCE_S = 300;
/** Tolerated difference between two times of one login by the same clock. */
const SLACK_S = 30;

/**
 * Validates `iss`, `sub`, `aud` and `azp`.
 * @throws IdTokenError a claim does not match
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 */
export function checkParties(claims: Claims, issuer: string, clientId: string): void {
  if (claims["iss"] !== issuer) throw mismatch("iss");
  if (!text(claims["sub"])) throw mismatch("sub");
  const { azp } = claims;
  const audiences = audiencesOf(claims);
  if (!audiences.includes(clientId)) throw mismatch("aud");
  const foreign = audiences.some((audience) => audience !== clientId);
  if (azp === undefined ? foreign : azp !== clientId) throw mismatch("azp");
}

/**
 * Validates the nonce, the times, `auth_time` and `acr` of a login's ID token.
 * @throws IdTokenError a claim does not match
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 */
export function checkLogin(claims: Claims, expected: LoginExpectation): void {
  const { nonce, requestedAt, now, maxAge, acrValues } = expected;
  if (claims["nonce"] !== nonce) throw mismatch("nonce");
  const issuedAt = seconds(claims, "iat");
  const requestedAtS = Math.floor(requestedAt / 1000);
  checkTimes(claims, now / 1000);
  // The token has the nonce of the request, so it cannot be older than the request.
  if (issuedAt < requestedAtS - TOLERANCE_S) throw mismatch("iat");
  if (maxAge !== undefined) {
    // The time of the request by the server's clock, because `auth_time` is by the server's clock.
    const asked = issuedAt - Math.max(0, now - requestedAt) / 1000;
    if (seconds(claims, "auth_time") < asked - maxAge - SLACK_S) throw mismatch("auth_time");
  }
  if (acrValues?.length && !acrValues.includes(claims["acr"] as string)) throw mismatch("acr");
}

/**
 * Validates the claims of a refreshed ID token against the login that it continues. The times are compared with the token's
 * own `iat`, not with now: the keys may arrive long after the response, and a session does not end because of the wait.
 * @throws IdTokenError a claim does not match
 * @see https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse
 */
export function checkRefresh(
  claims: Claims,
  { user, authTime }: PreviousSignIn,
  { issuer, clientId, authTimeOnRefresh = "compare" }: RefreshExpectation,
): void {
  checkParties(claims, issuer, clientId);
  if (claims["sub"] !== user.sub) throw mismatch("sub");
  const audiences = audiencesOf(claims);
  if (!audiencesOf(user.claims).every((audience) => audiences.includes(audience)))
    throw mismatch("aud");
  checkTimes(claims, seconds(claims, "iat"));
  if (differs(claims["nonce"], user.claims["nonce"])) throw mismatch("nonce");
  if (authTimeOnRefresh === "compare" && differs(claims["auth_time"], authTime)) {
    throw mismatch("auth_time");
  }
}

/**
 * Validates that an ID token is not expired when its response arrives. This device's clock may be wrong by any amount, and a
 * wrong clock ends no session. So the clock counts only for a token that is no newer than the previous one: the same token
 * again, or an older one. An older token that is not expired may come from a server whose clock was corrected.
 * @throws IdTokenError the token is expired
 */
export function checkArrival(
  claims: Claims,
  { user }: PreviousSignIn,
  { now, isSame }: { readonly now: number; readonly isSame: boolean },
): void {
  const before = user.claims["iat"];
  const isOlder = typeof before === "number" && seconds(claims, "iat") < before;
  if ((isSame || isOlder) && isExpired(claims, now / 1000)) throw mismatch("exp");
}

/** True when both tokens have the claim and its values differ. */
function differs(claim: unknown, previous: unknown): boolean {
  return claim !== undefined && previous !== undefined && claim !== previous;
}

/** Creates the error of a claim, or of another part of the token, that is not valid. */
export function mismatch(claim: string, retryable = false): IdTokenError {
  return new IdTokenError(claim, "missing, malformed or not as expected", {
    hint: "The token is not used. Compare `issuer`, `clientId` and this device's clock with the server's.",
    retryable,
  });
}

/**
 * Validates `exp`, `iat` and `nbf` against `now`, which is in seconds since the epoch.
 * @throws IdTokenError a time is missing or not valid
 */
export function checkTimes(claims: Claims, now: number): void {
  if (isExpired(claims, now)) throw mismatch("exp");
  if (seconds(claims, "iat") > now + TOLERANCE_S) throw mismatch("iat");
  if (claims["nbf"] !== undefined && seconds(claims, "nbf") > now + TOLERANCE_S)
    throw mismatch("nbf");
}

function isExpired(claims: Claims, now: number): boolean {
  return seconds(claims, "exp") <= now - TOLERANCE_S;
}

function seconds(claims: Claims, name: string): number {
  const value = claims[name];
  if (typeof value !== "number" || !Number.isFinite(value)) throw mismatch(name);
  return value;
}

/** Returns the audiences; empty when `aud` is malformed. */
function audiencesOf({ aud }: Claims): readonly string[] {
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return audiences.every((audience) => typeof audience === "string") ? audiences : [];
}

/**
 * Returns the claims of an ID token without a validation of its signature. Undefined when the token is no JWT, or its payload
 * is no JSON object.
 * @see https://www.rfc-editor.org/rfc/rfc7519#section-7.2
 */
export function payloadOf(idToken: string): Claims | undefined {
  const parts = idToken.split(".");
  const json = parts.length === 3 ? decoded(parts[1]!) : undefined;
  return json === undefined ? undefined : parseObject(json);
}

/** Decodes UTF-8 in base64url. @see https://www.rfc-editor.org/rfc/rfc4648#section-5 */
function decoded(part: string): string | undefined {
  try {
    const bytes = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
    return new TextDecoder("utf-8", { fatal: true }).decode(
      Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)),
    );
  } catch {
    return undefined;
  }
}
