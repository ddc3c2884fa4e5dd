import { AuthError, type AuthErrorDetails } from "./auth-error.ts";
import { meaningOf } from "./server-responses.ts";

/** The user of an access token could not be determined. */
export class UserFetchError extends AuthError {
  override readonly name = "UserFetchError";
  readonly code = "user_fetch";
  /** The HTTP status of the server's response. Undefined if no response arrived. */
  readonly status: number | undefined;
  /** True if the same request would fail again: the server refused the token, or the response is about another user. */
  readonly isFinal: boolean;

  constructor(
    message: string,
    {
      status,
      isFinal = meaningOf("userinfo", { status }) === "user needed",
      ...details
    }: UserFetchErrorDetails,
  ) {
    super(message, details);
    this.status = status;
    this.isFinal = isFinal;
  }
}

/** The arguments of the `UserFetchError` constructor, without the message. */
export interface UserFetchErrorDetails extends AuthErrorDetails {
  /** The HTTP status of the server's response. Undefined if no response arrived. */
  status?: number | undefined;
  /** True if a retry cannot help. Default: true for the HTTP statuses 401 and 403. */
  isFinal?: boolean;
}
