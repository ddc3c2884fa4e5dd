import { NoTokenError, RefreshTokenError } from "./errors.ts";

/**
 * Whether `error` says that the session of the stored refresh token has ended. A `RefreshTokenError` with the reason
 * `user_needed` does not end the session.
 */
export function isSessionOver(error: unknown): error is RefreshTokenError {
  return error instanceof RefreshTokenError && error.reason !== "user_needed";
}

/**
 * Whether the caller is allowed to ask the user after `error`. `isInvalidGrant`: true if the server rejected the stored refresh
 * token for good during this request.
 * - After a `NoTokenError`: only if `isInvalidGrant` is false.
 * - After a `RefreshTokenError`: only if `isInvalidGrant` is true or the reason of the error is `user_needed`.
 * - After any other error: never.
 */
export function needsUser(
  error: unknown,
  isInvalidGrant: boolean,
): error is NoTokenError | RefreshTokenError {
  if (error instanceof NoTokenError) return !isInvalidGrant;
  return error instanceof RefreshTokenError && (isInvalidGrant || !isSessionOver(error));
}
