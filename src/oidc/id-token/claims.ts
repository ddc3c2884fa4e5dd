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
  readonly acrValues?: readonly string[] | undefined;
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
const TOLERANCE_S = 300;
/**
 * The tolerance of the `max_age` check. Latchkey can only estimate the time since the user authenticated. The estimated time is
 * allowed to exceed `max_age` by this tolerance. Seconds.
 */
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
  // The ID token contains the nonce of the request, so the server issued the ID token after the request. `TOLERANCE_S` is
  // subtracted, because the server's clock and this device's clock can differ.
  if (issuedAt < requestedAtS - TOLERANCE_S) throw mismatch("iat");
  if (maxAge !== undefined) {
    // `auth_time` comes from the server's clock and must be compared with a time of the same clock. `asked` is the time of the
    // authorization request on the server's clock. It is an estimate: `iat` minus the time since the request on this device.
    const asked = issuedAt - Math.max(0, now - requestedAt) / 1000;
    if (seconds(claims, "auth_time") < asked - maxAge - SLACK_S) throw mismatch("auth_time");
  }
  if (acrValues?.length && !acrValues.includes(claims["acr"] as string)) throw mismatch("acr");
}

/**
 * Validates the claims of a refreshed ID token against the session before the refresh.
 *
 * `exp` and `nbf` are compared with the `iat` of the same ID token, not with the current time. The ID token might have to wait
 * for the server's keys and expire while it waits. This delay must not end the session.
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
 * Refuses the ID token of a refresh if the ID token is both old and expired. An ID token is old in two cases: it is identical
 * to the previous ID token (`isSame`), or its `iat` is earlier than the `iat` of the previous ID token.
 * - If the ID token is not old, `exp` is not checked, because a wrong clock of this device must not end a session.
 * - If the ID token is old but has not expired, the ID token is accepted, because the server's clock might have been set back.
 * @throws IdTokenError the ID token is old and has expired
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

/** Creates the error for a claim that is not valid. `claim` can also name another part of the ID token, such as `signature`. */
export function mismatch(claim: string, retryable = false): IdTokenError {
  return new IdTokenError(claim, "it is missing, malformed or not as expected", {
    hint: "Latchkey does not use this ID token. Compare `issuer`, `clientId` and this device's clock with those of the server.",
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

/** Returns the audiences of an ID token. The list is empty when `aud` is malformed. */
function audiencesOf({ aud }: Claims): readonly string[] {
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return audiences.every((audience) => typeof audience === "string") ? audiences : [];
}

/**
 * Returns the claims of an ID token without validating its signature. Returns undefined when the ID token is no JWT, or its
 * payload is no JSON object.
 * @see https://www.rfc-editor.org/rfc/rfc7519#section-7.2
 */
export function payloadOf(idToken: string): Claims | undefined {
  const parts = idToken.split(".");
  const json = parts.length === 3 ? decoded(parts[1]!) : undefined;
  return json === undefined ? undefined : parseObject(json);
}

/**
 * Decodes base64url to UTF-8 text. Returns undefined when `part` is malformed.
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
