import { isAuthError, NetworkError } from "../../core/errors.ts";
import { RequestTokenError } from "../../core/protocol-errors.ts";
import { isTemporary } from "../../core/server-responses.ts";

/** The description of a failure has at most this many characters. */
const MAX = 300;

/**
 * Returns true if the authorization code could not be exchanged, because no response came or because the server had a temporary
 * problem. A new login, with another code, is then allowed at once.
 */
export function isLostCode(error: unknown): boolean {
  return (
    error instanceof NetworkError ||
    (error instanceof RequestTokenError && isTemporary("code", error))
  );
}

/**
 * Describes `error` for later pages of this tab. Returns undefined for an error that Latchkey did not throw, because such an
 * error can contain secrets.
 */
export function wordsOf(error: unknown): string | undefined {
  if (!isAuthError(error)) return undefined;
  const description = "errorDescription" in error ? error.errorDescription : undefined;
  // The first line of the message says what failed. The other lines are the hint.
  const [what = ""] = error.message.split("\n");
  return (description === undefined ? what : `${what} (${description})`).slice(0, MAX);
}
