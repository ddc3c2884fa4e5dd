import { AuthError, type AuthErrorDetails, type ServerFacts } from "./auth-error.ts";
import type { DeviceCodeError } from "./device-code-error.ts";
import type { UserFetchError } from "./user-fetch-error.ts";

export { AuthError };
export type { AuthErrorDetails, ServerFacts };

/** An input, or the environment, cannot work; `input` names it. */
export class ConfigurationError extends AuthError {
  override readonly name = "ConfigurationError";
  readonly code = "configuration";
  readonly input: string;

  constructor(input: string, message: string, hint: string) {
    super(`${input}: ${message}`, { hint });
    this.input = input;
  }
}

/** The authorization server's metadata could not be had or does not fit the configured issuer. */
export class DiscoveryError extends AuthError {
  override readonly name = "DiscoveryError";
  readonly code = "discovery";
  readonly status: number | undefined;

  constructor(message: string, details: AuthErrorDetails & ServerFacts) {
    super(message, details);
    this.status = details.status;
  }
}

/** The authorization server answered the authorization request with an error. @see RFC 6749 section 4.1.2.1 */
export class AuthorizationError extends AuthError {
  override readonly name = "AuthorizationError";
  readonly code = "authorization";
  readonly error: string;
  readonly errorDescription: string | undefined;
  readonly errorUri: string | undefined;

  constructor(facts: ServerFacts & { error: string }, hint: string, retryable = false) {
    super(`the authorization server answered ${facts.error}`, { hint, retryable });
    this.error = facts.error;
    this.errorDescription = facts.errorDescription;
    this.errorUri = facts.errorUri;
  }
}

/** An authorization response that is not the answer to a request of ours; `parameter` says what does not fit. */
export class InvalidResponseError extends AuthError {
  override readonly name = "InvalidResponseError";
  readonly code = "invalid_response";
  readonly parameter: string;

  constructor(parameter: string, message: string, hint: string) {
    super(`${parameter}: ${message}`, { hint });
    this.parameter = parameter;
  }
}

/** This token request was refused or answered badly. The stored session, if there is one, stands. @see RFC 6749 section 5.2 */
export class RequestTokenError extends AuthError {
  override readonly name = "RequestTokenError";
  readonly code = "request_token";
  readonly error: string | undefined;
  readonly errorDescription: string | undefined;
  readonly errorUri: string | undefined;
  readonly status: number | undefined;
  /** When the server wants to be asked again, if it said so. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: AuthErrorDetails & ServerFacts) {
    super(message, details);
    this.error = details.error;
    this.errorDescription = details.errorDescription;
    this.errorUri = details.errorUri;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/**
 * Why a session needs a login. `user_needed`: the server asks for the user, and the session keeps its tokens until a login
 * replaces them. The other reasons are final.
 */
export type RefreshTokenReason = "invalid_grant" | "lost_response" | "id_token" | "user_needed";

/** What a `RefreshTokenError` tells about its reason. */
export interface RefreshTokenFacts extends Pick<
  ServerFacts,
  "error" | "errorDescription" | "status"
> {
  /** The claim that is wrong, for `id_token`. */
  readonly claim?: string | undefined;
}

/** The session can only go on with a login; `reason` says why. */
export class RefreshTokenError extends AuthError {
  override readonly name = "RefreshTokenError";
  readonly code = "refresh_token";
  readonly reason: RefreshTokenReason;
  /** The claim that is wrong, for `id_token`. */
  readonly claim: string | undefined;
  /** The server's words, for `user_needed`. */
  readonly error: string | undefined;
  readonly errorDescription: string | undefined;
  readonly status: number | undefined;

  constructor(reason: RefreshTokenReason, facts: RefreshTokenFacts = {}) {
    const { claim, error, errorDescription, status } = facts;
    const detail = claim ?? errorDescription ?? error;
    super(`the session ended: ${reason}${detail === undefined ? "" : ` (${detail})`}`, {
      hint: "Ask the person to sign in again: call login().",
    });
    this.reason = reason;
    this.claim = claim;
    this.error = error;
    this.errorDescription = errorDescription;
    this.status = status;
  }
}

/** There is no token and nothing may be shown to get one; `cause` says why. */
export class NoTokenError extends AuthError {
  override readonly name = "NoTokenError";
  readonly code = "no_token";

  constructor(message: string, cause?: unknown) {
    super(message, { hint: "Sign in first: call login() from a click.", cause });
  }
}

/** An ID token that must not be trusted; `claim` names what does not fit. @see OpenID Connect Core 1.0 section 3.1.3.7 */
export class IdTokenError extends AuthError {
  override readonly name = "IdTokenError";
  readonly code = "id_token";
  readonly claim: string;

  constructor(claim: string, message: string, details: AuthErrorDetails) {
    super(`ID token, ${claim}: ${message}`, details);
    this.claim = claim;
  }
}

/** The person, or the page, went away before there was an answer. */
export class CancelledError extends AuthError {
  override readonly name = "CancelledError";
  readonly code = "cancelled";

  constructor(message: string, hint = "Offer the login again; nothing was changed.") {
    super(message, { hint });
  }
}

/** The browser did not open a window. */
export class PopupBlockedError extends AuthError {
  override readonly name = "PopupBlockedError";
  readonly code = "popup_blocked";

  constructor() {
    super("the browser did not open a window", {
      hint: "Call login() directly in a click, or sign in with the page: login() without a userAgent.",
    });
  }
}

/** The caller's patience ended. With `pending` the attempt goes on and a later call joins it. */
export class TimeoutError extends AuthError {
  override readonly name = "TimeoutError";
  readonly code = "timeout";
  readonly pending: boolean;

  constructor(message: string, { pending, cause }: { pending: boolean; cause?: unknown }) {
    super(message, {
      hint: pending
        ? "Call again; the session is kept and the running attempt is joined."
        : "Nothing was changed; try again.",
      cause,
      retryable: true,
    });
    this.pending = pending;
  }
}

/** No answer came: offline, connection cut, CORS, or a part of Latchkey that could not be loaded. */
export class NetworkError extends AuthError {
  override readonly name = "NetworkError";
  readonly code = "network";

  constructor(
    message: string,
    cause?: unknown,
    hint = "Try again when the network is back; if it never works, check CORS and the URL.",
    retryable = true,
  ) {
    super(message, { hint, cause, retryable });
  }
}

/** The store failed. Nothing that was stored is lost. */
export class StorageError extends AuthError {
  override readonly name = "StorageError";
  readonly code = "storage";

  constructor(message: string, cause?: unknown) {
    super(message, {
      hint: "Try again; if it stays, the browser's storage for this site is full, blocked or damaged.",
      cause,
      retryable: true,
    });
  }
}

/** Every error that Latchkey throws; `switch (error.code)` narrows it. */
export type AnyAuthError =
  | ConfigurationError
  | DiscoveryError
  | AuthorizationError
  | InvalidResponseError
  | RequestTokenError
  | RefreshTokenError
  | NoTokenError
  | IdTokenError
  | UserFetchError
  | DeviceCodeError
  | CancelledError
  | PopupBlockedError
  | TimeoutError
  | NetworkError
  | StorageError;

/** Narrows what a `catch` caught, so that `switch (error.code)` narrows it further. */
export function isAuthError(error: unknown): error is AnyAuthError {
  return error instanceof AuthError;
}
