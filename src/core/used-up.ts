import type { ServerFacts } from "./auth-error.ts";

/** Whether a status is an answer, and not the word of a server that is busy or broken. */
export function isDefinite(status: number | undefined): boolean {
  return /^(2|4(?!29))/.test(`${status}`);
}

/**
 * Whether the server's definite word is that a refresh token is good for nothing any more. The second is GitHub's word for
 * the first. @see RFC 6749 section 5.2
 */
export function isUsedUp({ error, status }: ServerFacts): boolean {
  return isDefinite(status) && (error === "invalid_grant" || error === "bad_refresh_token");
}
