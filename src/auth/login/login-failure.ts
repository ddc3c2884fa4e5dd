import { withoutHint } from "../../core/auth-error.ts";
import { isAuthError, NetworkError } from "../../core/errors.ts";
import { RequestTokenError } from "../../core/protocol-errors.ts";
import { isTemporary } from "../../core/server-responses.ts";

/** The description of a failure has at most this many characters. */
const MAX = 300;

/**
 * Returns true if the authorization code could not be exchanged because of a temporary problem: no response came, or the server
 * had a temporary failure. In this case, a new login (with a new code) is allowed at once.
 */
export function isLostCode(error: unknown): boolean {
  return (
    error instanceof NetworkError ||
    (error instanceof RequestTokenError && isTemporary("code", error))
  );
}

/**
 * Returns a text that describes `error`. Later pages of this tab can use the text in error messages. If Latchkey did not throw
 * the error, returns undefined, because such an error can contain secrets.
 */
export function wordsOf(error: unknown): string | undefined {
  if (!isAuthError(error)) return undefined;
  const description = "errorDescription" in error ? error.errorDescription : undefined;
  // The first line of the message says what failed. The other lines are the hint.
  const what = withoutHint(error);
  return (description === undefined ? what : `${what} (${description})`).slice(0, MAX);
}
