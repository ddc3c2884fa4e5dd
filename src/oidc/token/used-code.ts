import { IdTokenError, isAuthError, NetworkError, RequestTokenError } from "../../core/errors.ts";

const HINT =
  "The code was sent, and a code is sent once. Start a new login: call login(). Nothing else was changed.";

/** A failure after the code was sent: the same call cannot succeed later, because the code is used. */
export function afterCode(error: unknown): unknown {
  if (!isAuthError(error) || !error.retryable) return error;
  const details = { hint: HINT, retryable: false };
  if (error instanceof RequestTokenError) {
    const { error: words, errorDescription, errorUri, status, retryAfterMs } = error;
    const facts = { error: words, errorDescription, errorUri, status, retryAfterMs };
    return new RequestTokenError(error.message, { ...facts, ...details });
  }
  if (error instanceof IdTokenError) {
    return new IdTokenError(error.claim, "it cannot be validated now", {
      ...details,
      cause: error,
    });
  }
  return new NetworkError(error.message, undefined, HINT, false);
}
