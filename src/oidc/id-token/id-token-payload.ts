import type { Claims } from "./claims.ts";
import { parseObject } from "../encoding.ts";

/**
 * The claims of an ID token whose signature nobody has validated. Undefined when the token is no JWT, or its payload is no
 * JSON object.
 * @see RFC 7519 section 7.2
 */
export function payloadOf(idToken: string): Claims | undefined {
  const parts = idToken.split(".");
  const json = parts.length === 3 ? decoded(parts[1]!) : undefined;
  return json === undefined ? undefined : parseObject(json);
}

/** @see RFC 4648 section 5 */
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
