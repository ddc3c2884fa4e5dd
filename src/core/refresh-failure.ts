import { NoTokenError, RefreshTokenError } from "./errors.ts";

/** The session that the stored refresh token belonged to is over. While only a user is needed it may go on. */
export function isSessionOver(error: unknown): error is RefreshTokenError {
  return error instanceof RefreshTokenError && error.reason !== "user_needed";
}

/**
 * There is no token without a user, and a user may be asked now. `isInvalidGrant`: the server ended the refresh token during this
 * request.
 */
export function needsUser(
  error: unknown,
  isInvalidGrant: boolean,
): error is NoTokenError | RefreshTokenError {
  if (error instanceof NoTokenError) return !isInvalidGrant;
  return error instanceof RefreshTokenError && (isInvalidGrant || !isSessionOver(error));
}
