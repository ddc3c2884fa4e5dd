import { IdTokenError } from "../core/errors.ts";
import type { User } from "../core/user.ts";
import { text } from "./encoding.ts";

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
 * By the server's clock alone: it may be long after the refresh that the keys can be had, and a session does not end by waiting.
 * @see OpenID Connect Core 1.0 section 12.2
 */
export function checkRefresh(claims: Claims, previous: User, authTime: number | undefined): void {
  if (claims["sub"] !== previous.sub) throw mismatch("sub");
  const audiences = audiencesOf(claims);
  if (!audiencesOf(previous.claims).every((audience) => audiences.includes(audience)))
    throw mismatch("aud");
  const issuedAt = seconds(claims, "iat");
  checkTimes(claims, issuedAt);
  const before = previous.claims["iat"];
  if (typeof before === "number" && issuedAt < before - TOLERANCE_S) throw mismatch("iat");
  if (
    claims["auth_time"] !== undefined &&
    authTime !== undefined &&
    claims["auth_time"] !== authTime
  ) {
    throw mismatch("auth_time");
  }
}

export function mismatch(claim: string, retryable = false): IdTokenError {
  return new IdTokenError(claim, "missing, malformed or not as expected", {
    hint: "The token is not used. Compare issuer and clientId with the server's configuration, and both clocks.",
    retryable,
  });
}

/** `now` in seconds. */
export function checkTimes(claims: Claims, now: number): void {
  if (seconds(claims, "exp") <= now - TOLERANCE_S) throw mismatch("exp");
  if (seconds(claims, "iat") > now + TOLERANCE_S) throw mismatch("iat");
  if (claims["nbf"] !== undefined && seconds(claims, "nbf") > now + TOLERANCE_S)
    throw mismatch("nbf");
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
