import { IdTokenError } from "../../core/protocol-errors.ts";
import type { User } from "../../core/user.ts";
import { parseObject, text } from "../../core/shape.ts";

/** The claims of an ID token. */
export type Claims = Readonly<Record<string, unknown>>;

/** The values that the ID token of a login must match. */
export interface LoginExpectation {
  readonly nonce: string;
  /** The time of the authorization request. Milliseconds since the epoch. */
  readonly requestedAt: number;
  /** The current time. Milliseconds since the epoch. */
  readonly now: number;
  /** The requested `max_age`: the maximum time since the user last authenticated. Seconds. */
  readonly maxAge?: number | undefined;
  /** The `acr` values of which the ID token must have one. Empty: any `acr`. Undefined: `acr` may be missing. */
  readonly acr?: readonly string[] | undefined;
}

/** The values that the ID token of a refresh must match. */
export interface RefreshExpectation {
  readonly issuer: string;
  readonly clientId: string;
  /**
   * The rule for the `auth_time` of the ID token that a refresh returns. Default: `compare`.
   * - `compare`: if the `auth_time` differs from the session's `auth_time`, Latchkey refuses the ID token.
   * - `ignore`: Latchkey does not check `auth_time`. Use `ignore` if the server changes `auth_time` at a refresh.
   */
  readonly authTimeOnRefresh?: "compare" | "ignore" | undefined;
}

/** The user of the session before the refresh. */
export interface PreviousSignIn {
  /** The user of the last ID token whose signature was validated. */
  readonly user: User;
  /** The time when the user authenticated. Seconds since the epoch. */
  readonly authTime?: number | undefined;
}

/** The tolerated difference between this device's clock and the server's clock. Seconds. */
export const TOLERANCE_S = 300;
/** The tolerance of the `max_age` check. Latchkey can only estimate the time since the user authenticated. Seconds. */
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
 * Validates the nonce, the times, `auth_time` and an essential `acr` of a login's ID token. `acr_values` requests a voluntary
 * claim, so such an `acr` is not validated.
 * @throws IdTokenError a claim does not match
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 */
export function checkLogin(claims: Claims, expected: LoginExpectation): void {
  const { nonce, requestedAt, now, maxAge, acr } = expected;
  if (claims["nonce"] !== nonce) throw mismatch("nonce");
  const issuedAt = seconds(claims, "iat");
  const requestedAtS = Math.floor(requestedAt / 1000);
  checkTimes(claims, now / 1000);
  // The server issued the ID token after the request. The clocks of the server and this device can differ by `TOLERANCE_S`.
  if (issuedAt < requestedAtS - TOLERANCE_S) throw mismatch("iat");
  if (maxAge !== undefined) {
    // `auth_time` is a time of the server's clock. `asked` is the estimated time of the request by the same clock.
    const asked = issuedAt - Math.max(0, now - requestedAt) / 1000;
    if (seconds(claims, "auth_time") < asked - maxAge - SLACK_S) throw mismatch("auth_time");
  }
  const given = text(claims["acr"]);
  if (acr && (given === undefined || (acr.length > 0 && !acr.includes(given))))
    throw mismatch("acr");
}

/**
 * Validates the claims of an ID token that a refresh returned. `exp` and `nbf` are compared with `iat` and not with the current
 * time, because the ID token can expire before the server's keys arrive.
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
 * Refuses an expired ID token if the ID token is identical to the previous ID token (`isSame`) or older. Any other expired ID
 * token is accepted, because this device's clock might be wrong.
 * @throws IdTokenError the ID token is refused
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

/** Returns true if both ID tokens have the claim and the two values differ. */
function differs(claim: unknown, previous: unknown): boolean {
  return claim !== undefined && previous !== undefined && claim !== previous;
}

const HINT = "Compare `issuer`, `clientId` and this device's clock with those of the server.";
const HINTS: Readonly<Record<string, string>> = {
  auth_time: "After a login with `maxAge`, the server must say when the user logged in.",
  acr: "The server did not log the user in as `parameters.claims` requires.",
};

/**
 * Creates the error for an invalid ID token. `claim` is the name of the invalid claim, or of another part such as `signature`.
 */
export function mismatch(claim: string, retryable = false): IdTokenError {
  return new IdTokenError(claim, "it is missing, malformed or not as expected", {
    hint: `Latchkey does not use this ID token. ${HINTS[claim] ?? HINT}`,
    retryable,
  });
}

/**
 * Validates `exp`, `iat` and `nbf` against the time `now`. `now` is in seconds since the epoch.
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

/** Returns the audiences of an ID token. If `aud` is malformed, returns an empty list. */
function audiencesOf({ aud }: Claims): readonly string[] {
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return audiences.every((audience) => typeof audience === "string") ? audiences : [];
}

/**
 * Returns the claims of an ID token without a check of the signature. Returns undefined if the ID token is malformed.
 * @see https://www.rfc-editor.org/rfc/rfc7519#section-7.2
 */
export function payloadOf(idToken: string): Claims | undefined {
  const parts = idToken.split(".");
  const json = parts.length === 3 ? decoded(parts[1]!) : undefined;
  return json === undefined ? undefined : parseObject(json);
}

/**
 * Decodes base64url to UTF-8 text. Returns undefined if `part` is malformed.
 * @see https://www.rfc-editor.org/rfc/rfc4648#section-5
 */
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
