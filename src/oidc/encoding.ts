import { isObject } from "../core/shape.ts";

/** Parses a JSON object and drops all `__proto__` members. Returns undefined if the text is not a JSON object. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text, (key, member) =>
      key === "__proto__" ? undefined : member,
    );
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Encodes bytes in base64url, without padding. @see https://www.rfc-editor.org/rfc/rfc4648#section-5 */
export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** Returns 128 random bits in base64url: 22 characters. */
export function randomToken(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(16)));
}
