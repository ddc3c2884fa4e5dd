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

export interface Verifier extends SignatureVerifier, RefreshExpectation {}

export interface VerifiedIdToken {
  readonly user: User;
  /** Seconds since the epoch. */
  readonly authTime: number | undefined;
}

/**
 * The ID token of a login.
 * @see OpenID Connect Core 1.0 section 3.1.3.7
 * @throws IdTokenError it must not be trusted; retryable when only the keys were missing
 * @throws NetworkError the keys cannot be had
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
 * The ID token of another grant, which has no nonce: it is bound to nothing but its issuer and this client.
 * @see OpenID Connect Core 1.0 section 3.1.3.7
 * @throws IdTokenError it must not be trusted; retryable when only the keys were missing
 * @throws NetworkError the keys cannot be had
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

/** For us, and given out together with this access token. */
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
 * The ID token of a refresh, against the sign-in that it continues. Its `at_hash` is not validated: when the keys are there
 * a newer access token may have taken the place of the one that came with it. Claims that the token leaves out stay as they
 * were: many servers leave out name and email at a refresh.
 * @see OpenID Connect Core 1.0 section 12.2
 * @throws IdTokenError it must not be trusted; retryable when only the keys were missing
 * @throws NetworkError the keys cannot be had
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

/** @see OpenID Connect Core 1.0 section 3.1.3.6 */
async function halfHash(alg: string, accessToken: string): Promise<string> {
  // EdDSA and Ed25519 hash with SHA-512.
  const bits = /^[A-Z]{2}(\d{3})$/.exec(alg)?.[1] ?? "512";
  const hash = await crypto.subtle.digest(`SHA-${bits}`, new TextEncoder().encode(accessToken));
  return base64url(new Uint8Array(hash, 0, hash.byteLength / 2));
}
