export { createAuth } from "./compose/create-auth.ts";
export type { CreateAuthConfig } from "./compose/create-auth.ts";
export type { Auth } from "./core/auth.ts";
export type {
  CallbackResult,
  GetTokenOptions,
  GetUserOptions,
  LoginOptions,
  LogoutResult,
  LogoutOptions,
} from "./core/auth-options.ts";
export type { AuthState, TokenSummary } from "./core/auth-state.ts";
export type {
  AuthorizationParameters,
  OwnParameters,
  Prompt,
} from "./core/authorization-parameters.ts";
export type {
  LoginChoice,
  LoginPrompt,
  PromptOptions,
  RememberedUser,
} from "./core/login-prompt.ts";
export type { User } from "./core/user.ts";
export type { TokenTarget } from "./core/token-target.ts";

export { DeviceCodeError } from "./core/device-code-error.ts";
export { UserFetchError } from "./core/user-fetch-error.ts";
export {
  AuthError,
  CancelledError,
  ConfigurationError,
  InvalidResponseError,
  isAuthError,
  NetworkError,
  NoTokenError,
  RefreshTokenError,
  StorageError,
  TimeoutError,
} from "./core/errors.ts";
export {
  AuthorizationError,
  DiscoveryError,
  IdTokenError,
  PopupBlockedError,
  RequestTokenError,
} from "./core/protocol-errors.ts";
export type { AnyAuthError } from "./core/errors.ts";

// With these user agents, a login runs in a popup or in a hidden frame. Otherwise a login navigates the page.
export { IframeUserAgent } from "./browser/user-agents/iframe-user-agent.ts";
export type { IframeOptions } from "./browser/user-agents/iframe-user-agent.ts";
export { PopupUserAgent } from "./browser/user-agents/popup-user-agent.ts";
export type { PopupOptions } from "./browser/user-agents/popup-user-agent.ts";

// Refreshes tokens before they expire.
export { startAutoRefresh } from "./compose/start-auto-refresh.ts";
// Imports the session of another SDK, without a login.
export { importSession } from "./import/import-session.ts";
export type { ImportResult, ImportSessionConfig } from "./import/source.ts";
export { auth0Session } from "./import/auth0-session.ts";
export type { Auth0SessionConfig } from "./import/auth0-session.ts";
export { oidcClientSession } from "./import/oidc-client-session.ts";
export type { OidcClientSessionConfig } from "./import/oidc-client-session.ts";

// `createTokenManager()` manages the access tokens of a service. `createFetch()` creates a `fetch` that sends an access token.
export { createTokenManager } from "./compose/create-token-manager.ts";
export type { CreateTokenManagerConfig } from "./compose/create-token-manager.ts";
export type { TokenManager } from "./service/token-manager.ts";
export { createFetch } from "./compose/create-fetch.ts";
export type { CreateFetchConfig } from "./fetch/create-fetch.ts";
export { createDatabase } from "./browser/storage/database.ts";
export type { Database } from "./browser/storage/database.ts";
export { IndexedDBTokenStorage } from "./browser/storage/indexeddb-token-storage.ts";
export { WebTokenStorage } from "./browser/storage/web-token-storage.ts";
export { MemoryTokenStorage } from "./memory/memory-token-storage.ts";
