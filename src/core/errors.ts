import { AUTH_ERROR, AuthError, type ServerFacts } from "./auth-error.ts";
import type { DeviceCodeError } from "./device-code-error.ts";
import type {
  AuthorizationError,
  DiscoveryError,
  IdTokenError,
  PopupBlockedError,
  RequestTokenError,
} from "./protocol-errors.ts";
import type { UserFetchError } from "./user-fetch-error.ts";

export { AuthError };
export type { ServerFacts };

/** An input of the app is invalid, or Latchkey cannot work in this environment. */
export class ConfigurationError extends AuthError {
  override readonly name = "ConfigurationError";
  readonly code = "configuration";
  /** The name of the invalid input, such as `redirectUri`. */
  readonly input: string;

  constructor(input: string, message: string, hint: string) {
    super(`${input}: ${message}`, { hint });
    this.input = input;
  }
}

/** An authorization response belongs to no pending request of this client. */
export class InvalidResponseError extends AuthError {
  override readonly name = "InvalidResponseError";
  readonly code = "invalid_response";
  /** The name of the wrong or missing parameter, such as `state`. */
  readonly parameter: string;

  constructor(parameter: string, message: string, hint: string) {
    super(`${parameter}: ${message}`, { hint });
    this.parameter = parameter;
  }
}

/**
 * The reason why the user must log in again.
 * - `session_ended`: the server rejected the refresh token, and the session has ended.
 * - `lost_response`: the server rejected the refresh token, and the session has ended. The response to an earlier refresh had
 *   not arrived. That response probably contained a new refresh token.
 * - `id_token`: an ID token was invalid, and the session has ended.
 * - `user_needed`: the server requires an action of the user, for example a consent. The session keeps its tokens until the
 *   next login.
 * - `not_renewable`: the access token has expired, and the server gave no refresh token.
 */
export type RefreshTokenReason =
  | "session_ended"
  | "lost_response"
  | "id_token"
  | "user_needed"
  | "not_renewable";

/** The details of a `RefreshTokenError`. */
export interface RefreshTokenFacts extends Pick<
  ServerFacts,
  "error" | "errorDescription" | "status"
> {
  /** If the reason is `id_token`: the name of the invalid claim. */
  readonly claim?: string | undefined;
}

const NO_REFRESH_TOKEN =
  'Let the user log in again: call login(). For longer sessions, request the scope offline_access, allow refresh tokens at the server, and set loginOptions: { prompt: "consent" } if the server needs a consent first. Or set silentSignOn to an IframeUserAgent, which renews the session in a hidden frame.';

const AUTH_TIME =
  ' If the server changes auth_time when the user logs in elsewhere, set authTimeOnRefresh: "ignore".';

/** The user must log in again. `reason` says why. */
export class RefreshTokenError extends AuthError {
  override readonly name = "RefreshTokenError";
  readonly code = "refresh_token";
  readonly reason: RefreshTokenReason;
  /** If `reason` is `id_token`: the name of the invalid claim. */
  readonly claim: string | undefined;
  /** If `reason` is `user_needed`: the OAuth error code of the server's response. */
  readonly error: string | undefined;
  readonly errorDescription: string | undefined;
  readonly status: number | undefined;

  constructor(reason: RefreshTokenReason, facts: RefreshTokenFacts = {}) {
    const { claim, error, errorDescription, status } = facts;
    const detail = claim ?? errorDescription ?? error;
    super(`the session needs a login: ${reason}${detail === undefined ? "" : ` (${detail})`}`, {
      hint:
        reason === "not_renewable"
          ? NO_REFRESH_TOKEN
          : `Let the user log in again: call login().${claim === "auth_time" ? AUTH_TIME : ""}`,
    });
    this.reason = reason;
    this.claim = claim;
    this.error = error;
    this.errorDescription = errorDescription;
    this.status = status;
  }
}

/**
 * There is no valid token, and no login is allowed to start now. `message` says why. `cause` is an earlier error that led to
 * this error.
 */
export class NoTokenError extends AuthError {
  override readonly name = "NoTokenError";
  readonly code = "no_token";

  constructor(message: string, cause?: unknown) {
    super(message, { hint: "Call login() in a click handler.", cause });
  }
}

/** A login or a logout was cancelled before a response arrived. `message` says why. */
export class CancelledError extends AuthError {
  override readonly name = "CancelledError";
  readonly code = "cancelled";

  constructor(message: string, hint = "Offer the login again. No stored session has changed.") {
    super(message, { hint });
  }
}

/**
 * No result arrived in time. If `pending` is true, the work continues in the background, and a later call waits for the same
 * work.
 */
export class TimeoutError extends AuthError {
  override readonly name = "TimeoutError";
  readonly code = "timeout";
  /** True if the work continues in the background. */
  readonly pending: boolean;

  constructor(message: string, { pending, cause }: { pending: boolean; cause?: unknown }) {
    super(message, {
      hint: pending
        ? "Call again to wait for the attempt, which is still running. The session is kept."
        : "Try again. This attempt changed no stored session.",
      cause,
      retryable: true,
    });
    this.pending = pending;
  }
}

/**
 * No response came, because the browser is offline, the connection failed or CORS forbids the request. Also thrown if a
 * JavaScript file of Latchkey could not be loaded.
 */
export class NetworkError extends AuthError {
  override readonly name = "NetworkError";
  readonly code = "network";
  /** True if the server responded, and the browser withheld the response, for example because of CORS. */
  readonly isWithheld: boolean;

  constructor(
    message: string,
    cause?: unknown,
    hint = "Try again when the network is back. If the request never succeeds, check the server, the URL, CORS and the Content Security Policy of the page.",
    retryable = true,
    isWithheld = false,
  ) {
    super(message, { hint, cause, retryable });
    this.isWithheld = isWithheld;
  }
}

/** The browser's storage could not be read or written. Earlier data is still stored. */
export class StorageError extends AuthError {
  override readonly name = "StorageError";
  readonly code = "storage";

  constructor(message: string, cause?: unknown) {
    super(message, {
      hint: "Try again. If it fails again, the browser's storage for this site is full, blocked or damaged.",
      cause,
      retryable: true,
    });
  }
}

/** The type of every error that Latchkey throws. A `switch (error.code)` narrows the type. */
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

/**
 * Returns true if this copy or another copy of Latchkey threw `error`. A `switch (error.code)` then narrows the type of `error`.
 * @example
 * auth.login().catch((error: unknown) => {
 *   if (!isAuthError(error)) throw error;
 *   if (error.code !== "cancelled") alert(error.message);
 * });
 */
export function isAuthError(error: unknown): error is AnyAuthError {
  return (
    error instanceof AuthError || (error as { [AUTH_ERROR]?: true } | null)?.[AUTH_ERROR] === true
  );
}
