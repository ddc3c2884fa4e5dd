// For apps that pass `grant` to `createAuth()`, and for apps that implement a grant, a storage or a user agent.
export type { GrantParts } from "./compose/grant-parts.ts";
export type { Grant, TokenRequest } from "./core/grant.ts";
export type { RefreshTiming } from "./refresh/timing.ts";
export { tokenSet } from "./core/token-set.ts";
export type { TokenSet } from "./core/token-set.ts";
export { contextKey, TokenContext } from "./core/token-context.ts";
export type { ContextKey } from "./core/token-context.ts";

export { AuthGrant } from "./grants/auth-grant.ts";
export { AuthorizationCodeGrant } from "./grants/authorization-code-grant.ts";
export { AutoLoginGrant } from "./grants/auto-login-grant.ts";
export { CachedGrant } from "./grants/cached-grant.ts";
export type { CachedGrantConfig } from "./grants/cached-grant.ts";
export { ConfiguredGrant } from "./grants/configured-grant.ts";
export type { ConfiguredGrantConfig, GrantConfiguration } from "./grants/configured-grant.ts";
export { CustomGrant } from "./grants/custom-grant.ts";
export type { CustomTokens } from "./core/complete-tokens.ts";
export { DeviceCodeGrant } from "./grants/device/device-code-grant.ts";
export type { DeviceCodeGrantConfig } from "./grants/device/device-code-grant.ts";
export { RefreshGrant } from "./grants/refresh-grant.ts";
export { RefreshTokenGrant } from "./grants/refresh-token-grant.ts";
export type { RefreshTokenConfig } from "./grants/refresh-token-grant.ts";
export { StaticGrant } from "./grants/static-grant.ts";
export { TokenExchangeGrant } from "./grants/token-exchange-grant.ts";
export type { TokenExchangeConfig, TokenTypeIdentifier } from "./grants/token-exchange-grant.ts";

export type {
  DeviceChoice,
  DeviceCode,
  DevicePrompt,
  DevicePromptOptions,
  DeviceStatus,
} from "./core/device-prompt.ts";

// The authorization server.
export { createLazyServer } from "./compose/lazy-server.ts";
export type { LazyServer, LazyServerConfig } from "./compose/lazy-server.ts";
export type {
  AuthorizationRequest,
  AuthorizationServer,
  DeviceAuthorization,
  EndSessionRequest,
  TokenParameters,
  TokenRequestOptions,
} from "./core/authorization-server.ts";
export type { Endpoints } from "./core/endpoints.ts";
export { clientKey, sessionKey } from "./core/keys.ts";
export type { ClientKey } from "./core/keys.ts";

// Functions that find out which user an access token belongs to.
export { idTokenFetcher } from "./auth/users/id-token-fetcher.ts";
export { userinfoFetcher } from "./auth/users/userinfo-fetcher.ts";
export type { UserClaims, UserinfoConfig } from "./auth/users/userinfo-fetcher.ts";
export type { UserFetcher } from "./core/user-fetcher.ts";
export type {
  StandardSchema,
  StandardSchemaIssue,
  StandardSchemaResult,
} from "./core/standard-schema.ts";

// Token managers.
export type {
  ForceRefreshOptions,
  InvalidateTokenOptions,
  ServiceTokenOptions,
} from "./service/token-manager-options.ts";
export type { ServiceTokenSet } from "./service/service-tokens.ts";
export type { OwnerId, TokenOwner } from "./core/token-owner.ts";
export type { GetToken } from "./fetch/refused-tokens.ts";

// The interfaces and implementations of storages and locks.
export type { StoresConfig, UserStoreParts } from "./core/own-stores.ts";
export { NO_CHANGE } from "./core/session.ts";
export type {
  AccessEntry,
  Refusal,
  SessionAttempt,
  SessionChange,
  SessionEnd,
  SessionRow,
  SessionStore,
  TokenRecord,
} from "./core/session.ts";
export type { RememberedUsers, StoredUser, UserStore } from "./core/user-store.ts";
export type { TokenStorage } from "./core/token-storage.ts";
export type { IndexedDBTokenStorageConfig } from "./browser/storage/indexeddb-token-storage.ts";
export type { WebTokenStorageConfig } from "./browser/storage/web-token-storage.ts";
export type { MemoryTokenStorageConfig } from "./memory/memory-token-storage.ts";
export { IndexedDBRequestStore } from "./browser/storage/indexeddb-request-store.ts";
export type { RequestStore } from "./core/request-store.ts";
export type { Clock, TabLock, TabLockOptions } from "./core/ports.ts";
export { WebLocksTabLock } from "./browser/tabs/web-locks-tab-lock.ts";
export { systemClock } from "./browser/page/system-clock.ts";

// The interfaces of user agents, and of the sessions that `importSession()` reads.
export { PageUserAgent } from "./browser/user-agents/page-user-agent.ts";
export type { RoundTrip, UserAgent } from "./core/user-agent.ts";
export type { ImportedSession, ImportedTokens, SessionSource } from "./import/source.ts";
