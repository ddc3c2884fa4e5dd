import { isAuthError, NetworkError } from "../../core/errors.ts";
import { RequestTokenError } from "../../core/protocol-errors.ts";
import { isTemporary } from "../../core/server-responses.ts";

/** Longer words of a server are cut. Characters. */
const MAX = 300;

/** The code was sent and its response did not come, or the server was down: another code may be exchanged at once. */
export function isLostCode(error: unknown): boolean {
  return (
    error instanceof NetworkError ||
    (error instanceof RequestTokenError && isTemporary("code", error))
  );
}

/** What an error says, for the pages that come after this one. Errors of Latchkey have no secrets. */
export function wordsOf(error: unknown): string | undefined {
  if (!isAuthError(error)) return undefined;
  const description = "errorDescription" in error ? error.errorDescription : undefined;
  const words = description === undefined ? error.message : `${error.message} (${description})`;
  return words.slice(0, MAX);
}
