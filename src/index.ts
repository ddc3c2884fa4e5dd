export { createAuth } from "./compose/create-auth.ts";
export type { CreateAuthConfig, GrantParts } from "./compose/create-auth.ts";
export type { AuthConfig } from "./core/auth-config.ts";
export type {
  Auth,
  CallbackResult,
  GetTokenOptions,
  LoginOptions,
  LogoutResult,
  LogoutOptions,
} from "./core/auth.ts";
export type { AuthState, TokenSummary } from "./core/auth-state.ts";
export type { AuthorizationParameters, Prompt } from "./core/authorization-parameters.ts";
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

// The user agents for logins in a popup or in a hidden frame. Without one, a login navigates the page.
export { IframeUserAgent } from "./browser/user-agents/iframe-user-agent.ts";
export type { IframeOptions } from "./browser/user-agents/iframe-user-agent.ts";
export { PopupUserAgent } from "./browser/user-agents/popup-user-agent.ts";
export type { PopupOptions } from "./browser/user-agents/popup-user-agent.ts";

// Renews tokens before they expire. Apps need it only if they cannot wait for a refresh after a long pause.
export { startAutoRefresh } from "./compose/start-auto-refresh.ts";
// Imports the session of another SDK, without a login.
export { importSession } from "./import/import-session.ts";
export type { ImportResult, ImportSessionConfig } from "./import/source.ts";
export { auth0Session } from "./import/auth0-session.ts";
export type { Auth0SessionConfig } from "./import/auth0-session.ts";
export { oidcClientSession } from "./import/oidc-client-session.ts";
export type { OidcClientSessionConfig } from "./import/oidc-client-session.ts";
export type { ImportedSession, SessionSource, ImportedTokens } from "./import/source.ts";

// The tokens of services, and a fetch that sends a token to the allowed URLs.
export { createTokenManager } from "./compose/create-token-manager.ts";
export type { CreateTokenManagerConfig } from "./compose/create-token-manager.ts";
export type {
  ForceRefreshOptions,
  InvalidateTokenOptions,
  ServiceTokenOptions,
  TokenManagerConfig,
} from "./service/token-manager-options.ts";
export type { TokenManager } from "./service/token-manager.ts";
export { createFetch } from "./compose/create-fetch.ts";
export type { CreateFetchConfig } from "./fetch/create-fetch.ts";
export type { GetToken } from "./fetch/refused-tokens.ts";
export { IndexedDBTokenStorage } from "./browser/storage/indexeddb-token-storage.ts";
export type { IndexedDBTokenStorageConfig } from "./browser/storage/indexeddb-token-storage.ts";
export { WebTokenStorage } from "./browser/storage/web-token-storage.ts";
export type { WebTokenStorageConfig } from "./browser/storage/web-token-storage.ts";
export { MemoryTokenStorage } from "./memory/memory-token-storage.ts";
export type { MemoryTokenStorageConfig } from "./memory/memory-token-storage.ts";

// The parts that createAuth() composes, for apps that compose an Auth by hand.
export { AuthManager } from "./auth/auth-manager.ts";
export type { AuthManagerConfig } from "./auth/auth-manager.ts";
export { UntoldLogouts } from "./auth/logout/untold-logouts.ts";
export { AuthGrant } from "./grants/auth-grant.ts";
export { AutoLoginGrant } from "./grants/auto-login-grant.ts";
export { AuthorizationCodeGrant } from "./grants/authorization-code-grant.ts";
export { DeviceCodeGrant } from "./grants/device/device-code-grant.ts";
export type { DeviceCodeGrantConfig } from "./grants/device/device-code-grant.ts";
export { RefreshGrant } from "./grants/refresh-grant.ts";
export { RefreshTokenGrant } from "./grants/refresh-token-grant.ts";
export type { RefreshTokenConfig } from "./grants/refresh-token-grant.ts";
export { CachedGrant } from "./grants/cached-grant.ts";
export type { CachedGrantConfig } from "./grants/cached-grant.ts";
export { ConfiguredGrant } from "./grants/configured-grant.ts";
export type { ConfiguredGrantConfig, GrantConfiguration } from "./grants/configured-grant.ts";
export { CustomGrant } from "./grants/custom-grant.ts";
export type { CustomTokens } from "./grants/custom-grant.ts";
export { StaticGrant } from "./grants/static-grant.ts";
export { TokenExchangeGrant } from "./grants/token-exchange-grant.ts";
export type { TokenExchangeConfig, TokenTypeIdentifier } from "./grants/token-exchange-grant.ts";
export { idTokenFetcher } from "./auth/users/id-token-fetcher.ts";
export { userinfoFetcher } from "./auth/users/userinfo-fetcher.ts";
export type { UserClaims, UserinfoConfig } from "./auth/users/userinfo-fetcher.ts";
export { createRefresher } from "./compose/lazy-refresher.ts";
export type { RefreshTiming } from "./refresh/timing.ts";
export { createLazyServer } from "./compose/lazy-server.ts";
export type { LazyServer, LazyServerConfig } from "./compose/lazy-server.ts";
export { BroadcastTabChannel } from "./browser/tabs/broadcast-tab-channel.ts";
export { createDatabase } from "./browser/storage/database.ts";
export { BroadcastTabLock } from "./browser/tabs/broadcast-tab-lock.ts";
export type { BroadcastTabLockConfig } from "./browser/tabs/broadcast-tab-lock.ts";
export { DocumentPage } from "./browser/page/document-page.ts";
export { IndexedDBCallbackLedger } from "./browser/storage/indexeddb-callback-ledger.ts";
export { IndexedDBRequestStore } from "./browser/storage/indexeddb-request-store.ts";
export { IndexedDBSessionStore } from "./browser/storage/indexeddb-session-store.ts";
export { IndexedDBUserStore } from "./browser/storage/indexeddb-user-store.ts";
export { BroadcastTokens } from "./browser/storage/broadcast-tokens.ts";
export type { BroadcastTokensConfig } from "./browser/storage/broadcast-tokens.ts";
export { PageUserAgent } from "./browser/user-agents/page-user-agent.ts";
export { sessionsWith } from "./browser/storage/sessions-in-memory.ts";
export { systemClock, systemRandom } from "./browser/page/system-clock.ts";
export { WebLocksTabLock } from "./browser/tabs/web-locks-tab-lock.ts";
export { clientKey } from "./core/keys.ts";
export { contextKey, TokenContext } from "./core/token-context.ts";
export { tokenSet } from "./core/token-set.ts";

export type {
  AuthorizationRequest,
  AuthorizationServer,
  DeviceAuthorization,
  Endpoints,
  EndSessionRequest,
  ServerMetadata,
  TokenParameters,
  TokenRequestOptions,
} from "./core/authorization-server.ts";
export type { CallbackLedger, CallbackRecord } from "./core/callback-ledger.ts";
export type {
  DeviceChoice,
  DeviceCode,
  DevicePrompt,
  DevicePromptOptions,
  DeviceStatus,
} from "./core/device-prompt.ts";
export type { Grant, TokenRequest } from "./core/grant.ts";
export type { OwnerId, TokenOwner } from "./core/token-owner.ts";
export type { ClientKey } from "./core/keys.ts";
export type { TabMessage } from "./core/message.ts";
export type { Clock, Page, Random, TabChannel, TabLock, TabLockOptions } from "./core/ports.ts";
export type { Refresher, RefreshNeed, Send } from "./core/refresher.ts";
export type { RequestStore } from "./core/request-store.ts";
export { NO_CHANGE } from "./core/session.ts";
export type { SessionChange, SessionRow, SessionStore, TokenRecord } from "./core/session.ts";
export type { UserStore } from "./core/user-store.ts";
export type {
  StandardSchema,
  StandardSchemaIssue,
  StandardSchemaResult,
} from "./core/standard-schema.ts";
export type { ContextKey } from "./core/token-context.ts";
export type { TokenSet } from "./core/token-set.ts";
export type { TokenStorage } from "./core/token-storage.ts";
export type { UserFetcher } from "./core/user-fetcher.ts";
export type { RoundTrip, UserAgent } from "./core/user-agent.ts";
export type { TargetKey } from "./core/token-target.ts";
