import { compactVerify, decodeProtectedHeader, type JWK } from "jose";
import { toUser, type User } from "../core/user.ts";
import { base64url } from "./base64url.ts";
import {
  checkLogin,
  checkParties,
  checkRefresh,
  checkTimes,
  mismatch,
  type Claims,
  type LoginExpectation,
} from "./claims.ts";
import { parseObject } from "./http.ts";
import { createKeySet, type Jwk, type KeySet, type KeySetOptions } from "./key-set.ts";

export { createKeySet, type KeySet, type KeySetOptions };

/** Asymmetric ones only: never `none`, never HMAC. */
const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

export interface Verifier {
  readonly issuer: string;
  readonly clientId: string;
  readonly keys: KeySet;
  /** What the metadata allows; everything we know when it does not say. */
  readonly algorithms?: readonly string[] | undefined;
}

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
 * The ID token of a refresh, against the person and the sign-in it must continue. Its `at_hash` is not judged: by the time
 * the keys can be had a newer access token may be in its place.
 * @see OpenID Connect Core 1.0 section 12.2
 * @throws IdTokenError it must not be trusted; retryable when only the keys were missing
 * @throws NetworkError the keys cannot be had
 */
export async function verifyRefreshedIdToken(
  idToken: string,
  verifier: Verifier,
  previous: { readonly user: User; readonly authTime?: number | undefined },
): Promise<VerifiedIdToken> {
  const { claims } = await verifySignature(idToken, verifier);
  checkParties(claims, verifier.issuer, verifier.clientId);
  checkRefresh(claims, previous.user, previous.authTime);
  return verified(claims);
}

function verified(claims: Claims): VerifiedIdToken {
  const { auth_time: authTime } = claims;
  return { user: toUser(claims), authTime: typeof authTime === "number" ? authTime : undefined };
}

/** @see RFC 7515 section 5.2 @see RFC 8725 section 3.1 */
async function verifySignature(
  idToken: string,
  { keys, algorithms }: Verifier,
): Promise<{ alg: string; claims: Claims }> {
  const { alg, kid, crit } = readHeader(idToken);
  if (!alg || !ALGORITHMS.includes(alg) || algorithms?.includes(alg) === false)
    throw mismatch("alg");
  // No extension is understood; RFC 7797 forbids the only one that jose knows in a JWT.
  if (crit !== undefined) throw mismatch("crit");

  // `jku`, `jwk` and `x5u` are not read: keys come from the metadata only.
  const attempt = async (set: readonly Jwk[]) => {
    const fitting = kid === undefined ? set : set.filter((key) => key["kid"] === kid);
    for (const key of fitting) {
      // What is odd, not for signatures or of another kind is passed over.
      const result = await compactVerify(idToken, key as JWK, { algorithms: [alg] }).catch(
        () => undefined,
      );
      if (result) return result.payload;
    }
    return fitting.length > 0;
  };
  const { keys: set, fresh } = await keys.get();
  let outcome = await attempt(set);
  if (typeof outcome === "boolean" && !fresh) {
    const newer = await keys.refetch();
    if (newer) outcome = await attempt(newer);
  }
  // A key that is not published yet may be in a moment; a signature that does not fit its key never will.
  if (typeof outcome === "boolean") throw mismatch("signature", !outcome);

  const claims = parseObject(decodeUtf8(outcome));
  if (!claims) throw mismatch("payload");
  return { alg, claims };
}

function readHeader(idToken: string): { alg?: string | undefined; kid?: unknown; crit?: unknown } {
  try {
    return decodeProtectedHeader(idToken);
  } catch {
    throw mismatch("header");
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw mismatch("payload");
  }
}

/** @see OpenID Connect Core 1.0 section 3.1.3.6 */
async function halfHash(alg: string, accessToken: string): Promise<string> {
  // EdDSA and Ed25519 hash with SHA-512.
  const bits = /^[A-Z]{2}(\d{3})$/.exec(alg)?.[1] ?? "512";
  const hash = await crypto.subtle.digest(`SHA-${bits}`, new TextEncoder().encode(accessToken));
  return base64url(new Uint8Array(hash, 0, hash.byteLength / 2));
}
