export { createAuth } from "./create-auth.ts";
export type { CreateAuthConfig, GrantParts } from "./create-auth.ts";
export type { AuthConfig } from "./core/auth-config.ts";
export type {
  Auth,
  AuthState,
  CallbackResult,
  GetTokenOptions,
  LoginOptions,
  LogoutResult,
  SignOutOptions,
  TokenSummary,
} from "./core/auth.ts";
export type { AuthorizationParameters, Prompt } from "./core/authorization-parameters.ts";
export type {
  LoginChoice,
  LoginPrompt,
  PromptOptions,
  RememberedUser,
} from "./core/login-prompt.ts";
export type { User } from "./core/user.ts";
export type { Want } from "./core/want.ts";

export { DeviceCodeError } from "./core/device-code-error.ts";
export { UserFetchError } from "./core/user-fetch-error.ts";
export {
  AuthError,
  AuthorizationError,
  CancelledError,
  ConfigurationError,
  DiscoveryError,
  IdTokenError,
  InvalidResponseError,
  isAuthError,
  NetworkError,
  NoTokenError,
  PopupBlockedError,
  RefreshTokenError,
  RequestTokenError,
  StorageError,
  TimeoutError,
} from "./core/errors.ts";
export type { AnyAuthError } from "./core/errors.ts";

// Ways to the login page besides the page itself.
export { IframeUserAgent } from "./browser/iframe-user-agent.ts";
export type { IframeOptions } from "./browser/iframe-user-agent.ts";
export { PopupUserAgent } from "./browser/popup-user-agent.ts";
export type { PopupOptions } from "./browser/popup-user-agent.ts";

// For apps that cannot wait for a refresh after a long silence.
export { renewAhead } from "./browser/renew-ahead.ts";
// From another SDK, without a login.
export { importSession } from "./import-session.ts";
export type { ImportResult, ImportSessionConfig } from "./import-session.ts";
export { auth0Session } from "./browser/auth0-session.ts";
export type { Auth0SessionConfig } from "./browser/auth0-session.ts";
export { oidcClientSession } from "./browser/oidc-client-session.ts";
export type { OidcClientSessionConfig } from "./browser/oidc-client-session.ts";
export type { LeftSession, LeftSessions, LeftTokens } from "./core/left-session.ts";

// The tokens of services, and a fetch that brings any token to whom it is for.
export { tokenManager } from "./create-token-manager.ts";
export type { CreateTokenManagerConfig } from "./create-token-manager.ts";
export type {
  ForceRefreshOptions,
  InvalidateTokenOptions,
  ServiceTokenOptions,
} from "./manager/service-token-options.ts";
export type { TokenManager, TokenManagerConfig } from "./manager/token-manager.ts";
export { createFetch } from "./create-fetch.ts";
export type { CreateFetchConfig } from "./manager/create-fetch.ts";
export type { GetToken } from "./manager/get-token.ts";
export { IndexedDBTokenStorage } from "./browser/indexeddb-token-storage.ts";
export type { IndexedDBTokenStorageConfig } from "./browser/indexeddb-token-storage.ts";
export { WebTokenStorage } from "./browser/web-token-storage.ts";
export type { WebTokenStorageConfig } from "./browser/web-token-storage.ts";
export { MemoryTokenStorage } from "./memory/memory-token-storage.ts";
export type { MemoryTokenStorageConfig } from "./memory/memory-token-storage.ts";

// What createAuth() composes, for who composes by hand.
export { AuthManager } from "./manager/auth-manager.ts";
export type { AuthManagerConfig } from "./manager/auth-manager.ts";
export { UntoldLogouts } from "./manager/untold-logouts.ts";
export { AuthGrant } from "./grants/auth-grant.ts";
export { AutoLoginGrant } from "./grants/auto-login-grant.ts";
export { AuthorizationCodeGrant } from "./grants/authorization-code-grant.ts";
export { DeviceCodeGrant } from "./grants/device-code-grant.ts";
export type { DeviceCodeGrantConfig } from "./grants/device-code-grant.ts";
export { RefreshGrant } from "./grants/refresh-grant.ts";
export { RefreshTokenGrant } from "./grants/refresh-token-grant.ts";
export type { RefreshTokenConfig } from "./grants/refresh-token-grant.ts";
export { CachedGrant } from "./grants/cached-grant.ts";
export type { CachedGrantConfig } from "./grants/cached-grant.ts";
export { ConfiguredGrant } from "./grants/configured-grant.ts";
export type { ConfiguredGrantConfig, GrantConfiguration } from "./grants/configured-grant.ts";
export { CustomGrant } from "./grants/custom-grant.ts";
export type { CustomTokens } from "./grants/custom-tokens.ts";
export { StaticGrant } from "./grants/static-grant.ts";
export { TokenExchangeGrant } from "./grants/token-exchange-grant.ts";
export type { TokenExchangeConfig, TokenTypeIdentifier } from "./grants/token-exchange-grant.ts";
export { idTokenFetcher } from "./manager/id-token-fetcher.ts";
export { userinfoFetcher } from "./manager/userinfo-fetcher.ts";
export type { UserClaims, UserinfoConfig } from "./manager/userinfo-fetcher.ts";
export { createRefresher } from "./refresher.ts";
export type { RefresherConfig } from "./refresher-in-page.ts";
export type { RefreshTiming } from "./refresh/timing.ts";
export { createEngine } from "./engine.ts";
export type { Engine, EngineConfig } from "./engine.ts";
export { BroadcastTabChannel } from "./browser/broadcast-tab-channel.ts";
export { createDatabase } from "./browser/database.ts";
export { BroadcastTabLock } from "./browser/broadcast-tab-lock.ts";
export type { BroadcastTabLockConfig } from "./browser/broadcast-tab-lock.ts";
export { DocumentPage } from "./browser/document-page.ts";
export { IndexedDBCallbackLedger } from "./browser/indexeddb-callback-ledger.ts";
export { IndexedDBRequestStore } from "./browser/indexeddb-request-store.ts";
export { IndexedDBSessionStore } from "./browser/indexeddb-session-store.ts";
export { IndexedDBUserStore } from "./browser/indexeddb-user-store.ts";
export { HandoverTokens } from "./browser/handover-tokens.ts";
export type { HandoverConfig } from "./browser/handover-tokens.ts";
export { PageUserAgent } from "./browser/page-user-agent.ts";
export { sessionsWith } from "./browser/sessions-with.ts";
export { systemClock, systemRandom } from "./browser/system-clock.ts";
export { WebLocksTabLock } from "./browser/web-locks-tab-lock.ts";
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
export { KEEP } from "./core/session.ts";
export type {
  SessionChange,
  SessionRow,
  SessionStore,
  TokenRecord,
  UserStore,
} from "./core/session.ts";
export type {
  StandardSchema,
  StandardSchemaIssue,
  StandardSchemaResult,
} from "./core/standard-schema.ts";
export type { ContextKey } from "./core/token-context.ts";
export type { TokenSet } from "./core/token-set.ts";
export type { TokenStorage } from "./core/token-storage.ts";
export type { UserFetcher } from "./core/user-fetcher.ts";
export type { Trip, UserAgent } from "./core/user-agent.ts";
export type { WantKey } from "./core/want.ts";
