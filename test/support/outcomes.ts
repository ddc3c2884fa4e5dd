import type { AuthState } from "../../src/core/auth-state.ts";
import type { AnyAuthError } from "../../src/core/errors.ts";

/** The result of an event: the error that calls reject with, and the state that is published afterwards. */
export interface Outcome {
  readonly event: string;
  readonly error: AnyAuthError["name"];
  readonly code: AnyAuthError["code"];
  readonly state: AuthState["status"];
  readonly retryable: boolean;
}

type Row = [
  event: string,
  error: Outcome["error"],
  code: Outcome["code"],
  state: Outcome["state"],
  retryable: boolean,
];

const rows: readonly Row[] = [
  ["no user is signed in", "NoTokenError", "no_token", "anonymous", false],
  ["the session has no refresh token", "RefreshTokenError", "refresh_token", "expired", false],
  ["another tab logged out", "NoTokenError", "no_token", "anonymous", false],
  ["a refresh returns invalid_grant", "RefreshTokenError", "refresh_token", "expired", false],
  [
    "a repeated refresh returns invalid_grant",
    "RefreshTokenError",
    "refresh_token",
    "expired",
    false,
  ],
  ["a refresh returns an invalid ID token", "RefreshTokenError", "refresh_token", "expired", false],
  [
    "a refresh for a target is refused",
    "RequestTokenError",
    "request_token",
    "authenticated",
    false,
  ],
  ["a refresh needs the user", "RefreshTokenError", "refresh_token", "expired", false],
  ["a refresh for a target needs the user", "NoTokenError", "no_token", "authenticated", false],
  ["a refresh has no network", "TimeoutError", "timeout", "authenticated", true],
  ["the server is down during a refresh", "TimeoutError", "timeout", "authenticated", true],
  ["a chunk of Latchkey cannot be loaded", "NetworkError", "network", "authenticated", true],
  ["the store fails while a session is in use", "StorageError", "storage", "authenticated", true],
  ["the store cannot be read at the start", "StorageError", "storage", "anonymous", true],
  [
    "a newer Latchkey version wrote the session",
    "ConfigurationError",
    "configuration",
    "anonymous",
    false,
  ],
  [
    "the page does not support a browser SDK",
    "ConfigurationError",
    "configuration",
    "unavailable",
    false,
  ],
  ["a login finds another issuer's metadata", "DiscoveryError", "discovery", "anonymous", false],
  ["a popup is blocked", "PopupBlockedError", "popup_blocked", "anonymous", false],
  ["a login is cancelled", "CancelledError", "cancelled", "anonymous", false],
  ["a login gets no response in time", "TimeoutError", "timeout", "anonymous", true],
  [
    "the server responds to a login with an error",
    "AuthorizationError",
    "authorization",
    "anonymous",
    false,
  ],
  [
    "a response belongs to no request",
    "InvalidResponseError",
    "invalid_response",
    "anonymous",
    false,
  ],
  [
    "a foreign response arrives during a session",
    "InvalidResponseError",
    "invalid_response",
    "authenticated",
    false,
  ],
  ["a code is refused", "RequestTokenError", "request_token", "anonymous", false],
  ["a login returns an invalid ID token", "IdTokenError", "id_token", "anonymous", false],
  [
    "the user fetcher cannot determine the user",
    "UserFetchError",
    "user_fetch",
    "anonymous",
    false,
  ],
];

/** Every way in which a call can fail. The manager's tests cover each row. */
export const OUTCOMES: readonly Outcome[] = rows.map(([event, error, code, state, retryable]) => ({
  event,
  error,
  code,
  state,
  retryable,
}));
