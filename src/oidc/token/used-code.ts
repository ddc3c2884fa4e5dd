import { isAuthError, NetworkError } from "../../core/errors.ts";
import { IdTokenError, RequestTokenError } from "../../core/protocol-errors.ts";

const HINT = "A code is sent only once. Start a new login: call login(). Nothing else was changed.";

/** Returns an error of the exchange as not retryable: the code is used, so the same call cannot succeed later. */
export function afterCode(error: unknown): unknown {
  if (!isAuthError(error) || !error.retryable) return error;
  const details = { hint: HINT, retryable: false };
  if (error instanceof RequestTokenError) {
    const { error: serverError, errorDescription, errorUri, status, retryAfterMs } = error;
    const facts = { error: serverError, errorDescription, errorUri, status, retryAfterMs };
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
