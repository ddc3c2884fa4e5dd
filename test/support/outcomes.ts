import type { AuthState } from "../../src/core/auth.ts";
import type { AnyAuthError } from "../../src/core/errors.ts";

/** What an event does: the error that calls reject with, and the state that is then published. */
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
  ["nobody is signed in", "NoTokenError", "no_token", "anonymous", false],
  [
    "the session has nothing to refresh it with",
    "NoTokenError",
    "no_token",
    "authenticated",
    false,
  ],
  ["another tab signed out", "NoTokenError", "no_token", "anonymous", false],
  ["a refresh is answered invalid_grant", "RefreshTokenError", "refresh_token", "expired", false],
  [
    "a repeated refresh is answered invalid_grant",
    "RefreshTokenError",
    "refresh_token",
    "expired",
    false,
  ],
  ["a refresh brought a bad ID token", "RefreshTokenError", "refresh_token", "expired", false],
  [
    "a refresh for a target is refused",
    "RequestTokenError",
    "request_token",
    "authenticated",
    false,
  ],
  ["a refresh needs the user", "RefreshTokenError", "refresh_token", "expired", false],
  ["a refresh for a target needs the user", "NoTokenError", "no_token", "authenticated", false],
  ["a refresh finds no network", "TimeoutError", "timeout", "authenticated", true],
  ["a refresh finds a server that is down", "TimeoutError", "timeout", "authenticated", true],
  ["a part of Latchkey cannot be loaded", "NetworkError", "network", "authenticated", true],
  ["the store fails while a session is in use", "StorageError", "storage", "authenticated", true],
  ["the store cannot be read at the start", "StorageError", "storage", "anonymous", true],
  ["a newer Latchkey wrote the session", "ConfigurationError", "configuration", "anonymous", false],
  ["this is no place for a browser SDK", "ConfigurationError", "configuration", "loading", false],
  ["a login finds another issuer's metadata", "DiscoveryError", "discovery", "anonymous", false],
  ["a popup is blocked", "PopupBlockedError", "popup_blocked", "anonymous", false],
  ["a login is cancelled", "CancelledError", "cancelled", "anonymous", false],
  ["a login is not answered in time", "TimeoutError", "timeout", "anonymous", true],
  [
    "the server answers a login with an error",
    "AuthorizationError",
    "authorization",
    "anonymous",
    false,
  ],
  [
    "a response is not the answer to a request",
    "InvalidResponseError",
    "invalid_response",
    "anonymous",
    false,
  ],
  [
    "a foreign response meets a session",
    "InvalidResponseError",
    "invalid_response",
    "authenticated",
    false,
  ],
  ["a code is refused", "RequestTokenError", "request_token", "anonymous", false],
  ["a login brought a bad ID token", "IdTokenError", "id_token", "anonymous", false],
  ["nobody can tell who signed in", "UserFetchError", "user_fetch", "anonymous", false],
];

/** Every way a call can fail. The manager's tests go through it row by row. */
export const OUTCOMES: readonly Outcome[] = rows.map(([event, error, code, state, retryable]) => ({
  event,
  error,
  code,
  state,
  retryable,
}));
