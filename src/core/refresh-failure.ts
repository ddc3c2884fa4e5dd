import { NoTokenError, RefreshTokenError } from "./errors.ts";

/** The session of the stored refresh token has ended. With the reason `user_needed` the session may still go on. */
export function isSessionOver(error: unknown): error is RefreshTokenError {
  return error instanceof RefreshTokenError && error.reason !== "user_needed";
}

/**
 * Only a user can help, and a user may be asked now. `isInvalidGrant`: the server rejected the refresh token for good during
 * this request.
 */
export function needsUser(
  error: unknown,
  isInvalidGrant: boolean,
): error is NoTokenError | RefreshTokenError {
  if (error instanceof NoTokenError) return !isInvalidGrant;
  return error instanceof RefreshTokenError && (isInvalidGrant || !isSessionOver(error));
}
