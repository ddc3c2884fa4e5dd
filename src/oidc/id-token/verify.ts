import { toUser, type User } from "../../core/user.ts";
import { base64url } from "../encoding.ts";
import {
  checkLogin,
  checkParties,
  checkRefresh,
  checkTimes,
  mismatch,
  type Claims,
  type LoginExpectation,
  type PreviousSignIn,
  type RefreshExpectation,
} from "./claims.ts";
import { createKeySet } from "./key-set.ts";
import { verifySignature, type SignatureVerifier } from "./signature.ts";

export { createKeySet };

/** The issuer, the client and the keys that ID tokens are validated against. */
export interface Verifier extends SignatureVerifier, RefreshExpectation {}

/** The user of a valid ID token. */
export interface VerifiedIdToken {
  readonly user: User;
  /** The time when the user authenticated, in seconds since the epoch. Undefined if the ID token has no `auth_time`. */
  readonly authTime: number | undefined;
}

/**
 * Validates the ID token of a login. Returns its user.
 * @throws IdTokenError the token is not valid; retryable when only its key is missing
 * @throws NetworkError the keys cannot be fetched
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 */
export async function verifyIdToken(
  idToken: string,
  verifier: Verifier,
  expected: LoginExpectation & { readonly accessToken: string },
): Promise<VerifiedIdToken> {
  const claims = await verifyBeside(idToken, verifier, expected.accessToken);
  checkLogin(claims, expected);
  return verified(claims);
}

/**
 * Validates the ID token of a grant without an authorization request, such as a device code. Returns its user. Such an ID token
 * has no nonce, so it is bound only to its issuer and this client.
 * @throws IdTokenError the token is not valid; retryable when only its key is missing
 * @throws NetworkError the keys cannot be fetched
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 */
export async function verifyGrantedIdToken(
  idToken: string,
  verifier: Verifier,
  { accessToken, now }: { readonly accessToken: string; readonly now: number },
): Promise<VerifiedIdToken> {
  const claims = await verifyBeside(idToken, verifier, accessToken);
  checkTimes(claims, now / 1000);
  return verified(claims);
}

/** Validates that the server signed the ID token for this client and for this access token. Returns the claims. */
async function verifyBeside(
  idToken: string,
  verifier: Verifier,
  accessToken: string,
): Promise<Claims> {
  const { alg, claims } = await verifySignature(idToken, verifier);
  checkParties(claims, verifier.issuer, verifier.clientId);
  const { at_hash: atHash } = claims;
  if (atHash !== undefined && atHash !== (await halfHash(alg, accessToken)))
    throw mismatch("at_hash");
  return claims;
}

/**
 * Validates the ID token of a refresh against the session before the refresh. Returns its user. `at_hash` is not validated,
 * because the access token of the same response might already be replaced when the server's keys arrive. Many servers omit name
 * and email at a refresh, so claims that the ID token omits are copied from the previous user.
 * @throws IdTokenError the token is not valid; retryable when only its key is missing
 * @throws NetworkError the keys cannot be fetched
 * @see https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse
 */
export async function verifyRefreshedIdToken(
  idToken: string,
  verifier: Verifier,
  previous: PreviousSignIn,
): Promise<VerifiedIdToken> {
  const { claims } = await verifySignature(idToken, verifier);
  checkRefresh(claims, previous, verifier);
  return verified({ ...previous.user.claims, ...claims });
}

function verified(claims: Claims): VerifiedIdToken {
  const { auth_time: authTime } = claims;
  return { user: toUser(claims), authTime: typeof authTime === "number" ? authTime : undefined };
}

/** Returns the `at_hash` of an access token. @see https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken */
async function halfHash(alg: string, accessToken: string): Promise<string> {
  // EdDSA and Ed25519 use SHA-512.
  const bits = /^[A-Z]{2}(\d{3})$/.exec(alg)?.[1] ?? "512";
  const hash = await crypto.subtle.digest(`SHA-${bits}`, new TextEncoder().encode(accessToken));
  return base64url(new Uint8Array(hash, 0, hash.byteLength / 2));
}
