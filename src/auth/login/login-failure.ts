import { withoutHint } from "../../core/auth-error.ts";
import { isAuthError, NetworkError, NoTokenError } from "../../core/errors.ts";
import { RequestTokenError } from "../../core/protocol-errors.ts";
import { isTemporary } from "../../core/server-responses.ts";

/** The longest text that `wordsOf()` returns. Characters. */
const MAX = 300;

/**
 * Returns true if the code exchange failed because of a temporary problem: no response, or a temporary failure of the server. A
 * new login is then allowed at once.
 */
export function isLostCode(error: unknown): boolean {
  return (
    error instanceof NetworkError ||
    (error instanceof RequestTokenError && isTemporary("code", error))
  );
}

/**
 * Returns a text that describes `error`, for later error messages in this tab. If Latchkey did not throw `error`, returns
 * undefined, because the text could contain secrets.
 */
export function wordsOf(error: unknown): string | undefined {
  if (!isAuthError(error)) return undefined;
  const description = "errorDescription" in error ? error.errorDescription : undefined;
  const what = withoutHint(error);
  const isComplete = description === undefined || what.includes(description);
  return (isComplete ? what : `${what} (${description})`).slice(0, MAX);
}

/** Returns the error of a `getToken()` call for which no automatic login is allowed to start. */
export function noLogin(reason: string, detail?: string, cause?: unknown): NoTokenError {
  const words = detail === undefined ? "" : `: ${detail}`;
  return new NoTokenError(`no automatic login starts, because ${reason}${words}`, cause);
}

/** Returns the error for a tab that cannot store its automatic logins, and could start them without end. */
export function noMemory(): NoTokenError {
  return noLogin("sessionStorage cannot be written");
}
