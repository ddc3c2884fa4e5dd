import { compactVerify, decodeProtectedHeader, type JWK } from "jose";
import { mismatch, type Claims } from "./claims.ts";
import { parseObject } from "../encoding.ts";
import type { Jwk, KeySet } from "./key-set.ts";

/** The supported signature algorithms. All of them are asymmetric, so `none` and HMAC are never accepted. */
const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** The keys and the algorithms that are accepted for the signature of an ID token. */
export interface SignatureVerifier {
  readonly keys: KeySet;
  /** The algorithms that the server's metadata allows. Default: all in `ALGORITHMS`. */
  readonly algorithms?: readonly string[] | undefined;
}

/**
 * Validates the signature of an ID token with the server's keys. Returns the algorithm and the claims.
 * @throws IdTokenError the ID token is malformed, or no key of the server signed it; retryable when only the key is missing
 * @throws NetworkError the keys cannot be fetched
 * @see https://www.rfc-editor.org/rfc/rfc7515#section-5.2
 * @see https://www.rfc-editor.org/rfc/rfc8725#section-3.1
 */
export async function verifySignature(
  idToken: string,
  { keys, algorithms }: SignatureVerifier,
): Promise<{ alg: string; claims: Claims }> {
  const { alg, kid } = checkHeader(idToken, algorithms);

  // `jku`, `jwk` and `x5u` in the header are ignored, because only keys from the server's `jwks_uri` are trusted.
  const attempt = async (set: readonly Jwk[]) => {
    const fitting = kid === undefined ? set : set.filter((key) => key["kid"] === kid);
    for (const key of fitting) {
      // `compactVerify()` rejects if the key is not usable or did not sign the ID token. Then the next key is tried.
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
  // The error is retryable only if no key has the `kid`, because the server might publish that key later.
  if (typeof outcome === "boolean") throw mismatch("signature", !outcome);

  const claims = parseObject(decodeUtf8(outcome));
  if (!claims) throw mismatch("payload");
  return { alg, claims };
}

/**
 * Validates the header of an ID token, which needs no key. Returns the algorithm and the key ID.
 * @throws IdTokenError the algorithm is not allowed, or the header has a critical extension
 */
export function checkHeader(
  idToken: string,
  algorithms: SignatureVerifier["algorithms"],
): { alg: string; kid?: unknown } {
  const { alg, kid, crit } = readHeader(idToken);
  if (!alg || !ALGORITHMS.includes(alg) || algorithms?.includes(alg) === false)
    throw mismatch("alg");
  // Latchkey supports no critical header. jose supports only the critical header `b64`, which RFC 7797 forbids in a JWT.
  if (crit !== undefined) throw mismatch("crit");
  return { alg, kid };
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
