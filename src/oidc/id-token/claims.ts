import { IdTokenError } from "../../core/errors.ts";
import type { User } from "../../core/user.ts";
import { text } from "../encoding.ts";

export type Claims = Readonly<Record<string, unknown>>;

/** What a login asked for. */
export interface LoginExpectation {
  readonly nonce: string;
  /** Milliseconds since the epoch at which the request was made. */
  readonly requestedAt: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly maxAge?: number | undefined;
  readonly acrValues?: readonly string[] | undefined;
}

/** What the ID token of a refresh must fit. */
export interface RefreshExpectation {
  readonly issuer: string;
  readonly clientId: string;
  /** `ignore`: for servers that change `auth_time` at a refresh. */
  readonly authTimeOnRefresh?: "compare" | "ignore" | undefined;
}

/** The sign-in that a refresh continues. */
export interface PreviousSignIn {
  /** Of the last ID token whose signature was validated. */
  readonly user: User;
  /** Seconds since the epoch. */
  readonly authTime?: number | undefined;
}

const TOLERANCE_S = 300;
/** Of the seconds between two steps of one login, by one clock. */
const SLACK_S = 30;

/** @see OpenID Connect Core 1.0 section 3.1.3.7 */
export function checkParties(claims: Claims, issuer: string, clientId: string): void {
  if (claims["iss"] !== issuer) throw mismatch("iss");
  if (!text(claims["sub"])) throw mismatch("sub");
  const { azp } = claims;
  const audiences = audiencesOf(claims);
  if (!audiences.includes(clientId)) throw mismatch("aud");
  const foreign = audiences.some((audience) => audience !== clientId);
  if (azp === undefined ? foreign : azp !== clientId) throw mismatch("azp");
}

/** @see OpenID Connect Core 1.0 section 3.1.3.7 */
export function checkLogin(claims: Claims, expected: LoginExpectation): void {
  const { nonce, requestedAt, now, maxAge, acrValues } = expected;
  if (claims["nonce"] !== nonce) throw mismatch("nonce");
  const issuedAt = seconds(claims, "iat");
  const requestedAtS = Math.floor(requestedAt / 1000);
  checkTimes(claims, now / 1000);
  // It has our nonce in it, so it cannot be older than our request.
  if (issuedAt < requestedAtS - TOLERANCE_S) throw mismatch("iat");
  if (maxAge !== undefined) {
    // The server's clock alone: the request was made this long before the token was.
    const asked = issuedAt - Math.max(0, now - requestedAt) / 1000;
    if (seconds(claims, "auth_time") < asked - maxAge - SLACK_S) throw mismatch("auth_time");
  }
  if (acrValues?.length && !acrValues.includes(claims["acr"] as string)) throw mismatch("acr");
}

/**
 * An ID token of a refresh, against the sign-in that it continues. The times are compared with each other and with no clock:
 * the keys may come long after the response, and a session does not end by waiting for them.
 * @see OpenID Connect Core 1.0 section 12.2
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
 * An ID token whose response has just arrived must not be over. This device's clock may be wrong by any amount, and a wrong
 * clock ends no session. So the clock counts only for a token that is no newer than the previous one: the same token again,
 * or an older one. An older token that is not over may come from a server whose clock was corrected.
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

/** Either may leave it out. */
function differs(claim: unknown, previous: unknown): boolean {
  return claim !== undefined && previous !== undefined && claim !== previous;
}

export function mismatch(claim: string, retryable = false): IdTokenError {
  return new IdTokenError(claim, "missing, malformed or not as expected", {
    hint: "The token is not used. Compare issuer and clientId with the server's configuration, and both clocks.",
    retryable,
  });
}

/** `now` in seconds. */
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

/** Empty when malformed. */
function audiencesOf({ aud }: Claims): readonly string[] {
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return audiences.every((audience) => typeof audience === "string") ? audiences : [];
}
