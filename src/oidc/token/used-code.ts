import { withoutHint } from "../../core/auth-error.ts";
import { isAuthError, NetworkError } from "../../core/errors.ts";
import { IdTokenError, RequestTokenError } from "../../core/protocol-errors.ts";

const HINT = "Latchkey sends an authorization code only once. Start a new login: call login().";

/** Returns the error of a code exchange as an error that is not retryable, because Latchkey sends a code only once. */
export function afterCode(error: unknown): unknown {
  if (!isAuthError(error) || !error.retryable) return error;
  const details = { hint: HINT, retryable: false };
  if (error instanceof RequestTokenError) {
    const { error: serverError, errorDescription, errorUri, status, retryAfterMs } = error;
    const facts = { error: serverError, errorDescription, errorUri, status, retryAfterMs };
    return new RequestTokenError(withoutHint(error), { ...facts, ...details });
  }
  if (error instanceof IdTokenError) {
    return new IdTokenError(
      error.claim,
      "the key that verifies the ID token is not available now",
      {
        ...details,
        cause: error,
      },
    );
  }
  return new NetworkError(withoutHint(error), undefined, HINT, false);
}
