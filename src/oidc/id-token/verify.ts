import { toUser, type User } from "../../core/user.ts";
import {
  base64url,
  compactVerify,
  createLocalJWKSet,
  decodeProtectedHeader,
  errors,
  type JWK,
} from "jose";
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
import { parseObject } from "../../core/shape.ts";
import { createKeySet, type Jwk, type KeySet } from "./key-set.ts";
export { createKeySet };

/** The issuer, the client and the keys with which ID tokens are validated. */
export interface Verifier extends SignatureVerifier, RefreshExpectation {}

/** The user of a valid ID token. */
export interface VerifiedIdToken {
  readonly user: User;
  /** The time when the user authenticated, in seconds since the epoch. Undefined if the ID token has no `auth_time`. */
  readonly authTime: number | undefined;
}

/**
 * Validates the ID token of a login. Returns the user.
 * @throws IdTokenError the ID token is not valid (not retryable), or the signing key is not available (retryable)
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
 * Validates the ID token of a grant without an authorization request, such as the device flow. Such an ID token has no nonce.
 * Returns the user.
 * @throws IdTokenError the ID token is not valid (not retryable), or the signing key is not available (retryable)
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

/** Validates the signature, the issuer, the client and `at_hash` of an ID token. Returns the claims. */
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
 * Validates the ID token of a refresh against the session before the refresh. Returns the user.
 * - `at_hash` is not validated, because a later refresh might already have replaced the access token.
 * - If the ID token omits a claim, such as `name`, the claim of the previous user is used.
 * @throws IdTokenError the ID token is not valid (not retryable), or the signing key is not available (retryable)
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
  // The size of the hash is in `alg`, such as 256 in RS256. EdDSA and Ed25519 do not contain this size and use SHA-512.
  const bits = /^[A-Z]{2}(\d{3})$/.exec(alg)?.[1] ?? "512";
  const hash = await crypto.subtle.digest(`SHA-${bits}`, new TextEncoder().encode(accessToken));
  return base64url.encode(new Uint8Array(hash, 0, hash.byteLength / 2));
}

/** The supported signature algorithms. All of them are asymmetric, so `none` and HMAC are never accepted. */
export const ALGORITHMS: readonly string[] = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** The keys and the algorithms that are accepted for the signature of an ID token. */
export interface SignatureVerifier {
  readonly keys: KeySet;
  /** The algorithms that the server's metadata allows. Default: all supported algorithms. */
  readonly algorithms?: readonly string[] | undefined;
}

/**
 * Validates the signature of an ID token with the server's keys. Returns the algorithm and the claims.
 * @throws IdTokenError the ID token is not valid (not retryable), or the signing key is not available (retryable)
 * @throws NetworkError the keys cannot be fetched
 * @see https://www.rfc-editor.org/rfc/rfc7515#section-5.2
 * @see https://www.rfc-editor.org/rfc/rfc8725#section-3.1
 */
export async function verifySignature(
  idToken: string,
  { keys, algorithms }: SignatureVerifier,
): Promise<{ alg: string; claims: Claims }> {
  const { alg } = checkHeader(idToken, algorithms);
  const { keys: known, fresh } = await keys.get();
  let payload = await verifyWith(known, idToken, alg);
  if (!(payload instanceof Uint8Array) && !fresh) {
    const newer = await keys.refetch();
    if (newer) payload = await verifyWith(newer, idToken, alg);
  }
  // If the signing key is missing, the error is retryable, because the server might publish the key later.
  if (!(payload instanceof Uint8Array)) throw mismatch("signature", payload === "no key");

  const claims = parseObject(decodeUtf8(payload));
  if (!claims) throw mismatch("payload");
  return { alg, claims };
}

/**
 * Returns the payload if one of `keys` signed the ID token. The header parameters `jku`, `jwk` and `x5u` are ignored, because
 * only the server's own keys are trusted.
 */
async function verifyWith(
  keys: readonly Jwk[],
  idToken: string,
  alg: string,
): Promise<Uint8Array | "no key" | "other key"> {
  const options = { algorithms: [alg] };
  // After a rotation, some servers name the previous key, and sign with the new key. Every key in `keys` is the server's own.
  const { kid } = decodeProtectedHeader(idToken);
  const hasOtherId = (key: Jwk) => kid !== undefined && key["kid"] !== kid;
  try {
    const set = createLocalJWKSet({ keys: keys as JWK[] });
    return (await compactVerify(idToken, set, options)).payload;
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return "no key";
    if (error instanceof errors.JWSSignatureVerificationFailed && keys.some(hasOtherId))
      return verifyWith(
        keys.map((key) => ({ ...key, kid })),
        idToken,
        alg,
      );
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return "other key";
    for await (const key of error) {
      const result = await compactVerify(idToken, key, options).catch(() => undefined);
      if (result) return result.payload;
    }
    return "other key";
  }
}

/**
 * Validates the header of an ID token. Returns the signature algorithm.
 * @throws IdTokenError the header is malformed or has the parameter `crit`, or the algorithm is not allowed
 */
export function checkHeader(
  idToken: string,
  algorithms: SignatureVerifier["algorithms"],
): { alg: string } {
  const { alg, crit } = readHeader(idToken);
  if (!alg || !ALGORITHMS.includes(alg) || algorithms?.includes(alg) === false)
    throw mismatch("alg");
  // `crit` lists header parameters that the recipient must support. Latchkey supports no such parameter.
  if (crit !== undefined) throw mismatch("crit");
  return { alg };
}

function readHeader(idToken: string): { alg?: string | undefined; crit?: unknown } {
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
