import { IdTokenError } from "../core/errors.ts";
import { parseObject } from "./encoding.ts";
import { request, type HttpOptions } from "./token/http.ts";
import type { Jwk } from "./id-token/key-set.ts";

/**
 * @see RFC 7517 section 5
 * @throws IdTokenError the server did not answer with keys
 * @throws NetworkError no answer
 */
export async function fetchKeys(jwksUri: string, http: HttpOptions): Promise<readonly Jwk[]> {
  // Past the browser's cache: keys are asked for again because they changed.
  const { status, text } = await request("JWKS", jwksUri, { cache: "no-cache" }, http);
  const keys = status === 200 ? parseKeys(parseObject(text)?.["keys"]) : undefined;
  if (!keys) {
    throw new IdTokenError("signature", `the keys cannot be had: the server answered ${status}`, {
      hint: "The server's jwks_uri must answer with a JWK Set.",
      retryable: true,
    });
  }
  return keys;
}

/** The members of a JWK Set that may be keys; undefined when it is no list. @see RFC 7517 section 5.1 */
export function parseKeys(keys: unknown): readonly Jwk[] | undefined {
  if (!Array.isArray(keys)) return undefined;
  return keys.filter(
    (key) => typeof key === "object" && key !== null && !Array.isArray(key),
  ) as Jwk[];
}
