import { isAuthError, NetworkError } from "../../core/errors.ts";
import { RequestTokenError } from "../../core/protocol-errors.ts";
import { isTemporary } from "../../core/server-responses.ts";

/** The longest description of a failure. Characters. */
const MAX = 300;

/** Whether the code was lost: no response came, or the server was down. Another code may be exchanged at once. */
export function isLostCode(error: unknown): boolean {
  return (
    error instanceof NetworkError ||
    (error instanceof RequestTokenError && isTemporary("code", error))
  );
}

/** Describes an error for later pages of this tab. Errors of Latchkey contain no secrets. */
export function wordsOf(error: unknown): string | undefined {
  if (!isAuthError(error)) return undefined;
  const description = "errorDescription" in error ? error.errorDescription : undefined;
  // The lines after the first one are the hint.
  const [what = ""] = error.message.split("\n");
  return (description === undefined ? what : `${what} (${description})`).slice(0, MAX);
}
