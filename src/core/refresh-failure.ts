import { NoTokenError, RefreshTokenError } from "./errors.ts";

/**
 * Whether `error` says that the session has ended. After a `RefreshTokenError` with the reason `user_needed`, the session has
 * not ended.
 */
export function isSessionOver(error: unknown): error is RefreshTokenError {
  return error instanceof RefreshTokenError && error.reason !== "user_needed";
}

/**
 * Whether the caller may ask the user to log in after `error`. `isInvalidGrant`: whether the server has just rejected the
 * refresh token for good.
 * - After a `NoTokenError`: only if `isInvalidGrant` is false.
 * - After a `RefreshTokenError`: only if `isInvalidGrant` is true or the reason is `user_needed`.
 * - After any other error: never.
 */
export function needsUser(
  error: unknown,
  isInvalidGrant: boolean,
): error is NoTokenError | RefreshTokenError {
  if (error instanceof NoTokenError) return !isInvalidGrant;
  return error instanceof RefreshTokenError && (isInvalidGrant || !isSessionOver(error));
}
