import { AuthError, type AuthErrorDetails } from "./auth-error.ts";
import { meaningOf } from "./server-responses.ts";

/** Nobody could be told from an access token. `isFinal`: the server refused the token, or answered about somebody else. */
export class UserFetchError extends AuthError {
  override readonly name = "UserFetchError";
  readonly code = "user_fetch";
  readonly status: number | undefined;
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

export interface UserFetchErrorDetails extends AuthErrorDetails {
  status?: number | undefined;
  isFinal?: boolean;
}
