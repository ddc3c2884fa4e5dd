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
