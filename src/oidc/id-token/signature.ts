import { compactVerify, decodeProtectedHeader, type JWK } from "jose";
import { mismatch, type Claims } from "./claims.ts";
import { parseObject } from "../encoding.ts";
import type { Jwk, KeySet } from "./key-set.ts";

/** Asymmetric ones only: never `none`, never HMAC. */
const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

export interface SignatureVerifier {
  readonly keys: KeySet;
  /** What the metadata allows; everything we know when it does not say. */
  readonly algorithms?: readonly string[] | undefined;
}

/**
 * The claims of a token that one of the server's keys signed.
 * @see RFC 7515 section 5.2
 * @see RFC 8725 section 3.1
 * @throws IdTokenError none did; retryable when only the key was missing
 * @throws NetworkError the keys cannot be had
 */
export async function verifySignature(
  idToken: string,
  { keys, algorithms }: SignatureVerifier,
): Promise<{ alg: string; claims: Claims }> {
  const { alg, kid } = checkHeader(idToken, algorithms);

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

/** What needs no key. @throws IdTokenError the token names no algorithm that is allowed, or an extension */
export function checkHeader(
  idToken: string,
  algorithms: SignatureVerifier["algorithms"],
): { alg: string; kid?: unknown } {
  const { alg, kid, crit } = readHeader(idToken);
  if (!alg || !ALGORITHMS.includes(alg) || algorithms?.includes(alg) === false)
    throw mismatch("alg");
  // No extension is understood; RFC 7797 forbids the only one that jose knows in a JWT.
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
