import type { Prompt } from "../core/authorization-parameters.ts";
import type { Grant } from "../core/grant.ts";
import type { Clock, TabLock } from "../core/ports.ts";
import type { TokenContext } from "../core/token-context.ts";
import type { TokenOwner } from "../core/token-owner.ts";
import type { TokenStorage } from "../core/token-storage.ts";
import type { TokenTarget } from "../core/token-target.ts";

/** The configuration of a token manager. */
export interface TokenManagerConfig {
  /**
   * The grant that requests the tokens. The manager first calls the grant with `prompt: "none"`. If only a user can help, the
   * manager calls the grant a second time, and the grant can then ask the user.
   */
  readonly provider: Grant;
  /** Stores the tokens. The manager reads the storage at each call, so that all tabs see the same tokens. */
  readonly storage: TokenStorage;
  /**
   * The start of each storage key. Give each manager of an origin a different `keyPrefix` or `service`. Default: `auth_token`.
   */
  readonly keyPrefix?: string;
  /**
   * The name of the service that accepts the tokens. The name is a part of the storage keys. Include everything that the tokens
   * depend on, such as the issuer and the client. If there is no `owner`, also include the user.
   */
  readonly service?: string;
  /**
   * Says which user the tokens belong to. An `Auth`, for example, is an owner. Each user's tokens are stored separately. When a
   * user logs out, this user's tokens are deleted. Default: the `owner` of the provider.
   */
  readonly owner?: TokenOwner;
  /** The locks that prevent concurrent requests for the same token. All managers with this `storage` must share these locks. */
  readonly locks: TabLock;
  /** The clock that decides whether a token has expired. */
  readonly clock: Pick<Clock, "now">;
  /**
   * A token is renewed this long before it expires. But a short-lived token is renewed when a third of its lifetime remains.
   * Milliseconds. Default: 30,000.
   */
  readonly leewayMs?: number;
  /**
   * The longest time that a call waits while another call or tab is requesting the same token. After this time the call rejects
   * with a `TimeoutError`. Milliseconds, a whole number from 1 to 2,147,483,647. Default: 30,000.
   */
  readonly patienceMs?: number;
}

/** The options of `getToken()` of a token manager. */
export interface ServiceTokenOptions extends TokenTarget {
  /**
   * `default`: the call returns the stored token while it is valid. `reload`: the call returns a newer token than the stored
   * token.
   */
  readonly cache?: "default" | "reload";
  /**
   * The token that an API has refused. Only used with `cache: "reload"`. If the stored token differs from this token and is
   * valid, the call returns the stored token.
   */
  readonly refused?: string;
  /**
   * `none`: the call does not ask the user. If only a user can help, the call rejects with a `NoTokenError` or a
   * `RefreshTokenError`.
   */
  readonly prompt?: Prompt;
  /** Values that the manager passes to the provider. A call with a `context` never shares its request with another call. */
  readonly context?: TokenContext;
  /** Aborts the call. If other calls wait for the same token, the request for the token goes on. */
  readonly signal?: AbortSignal;
}

/** The options of `forceRefresh()`. */
export interface ForceRefreshOptions extends Omit<ServiceTokenOptions, "cache"> {
  /**
   * `refresh`: the provider uses the stored refresh token if there is one. `fetch`: the provider does not use the stored
   * refresh token. Default: `refresh`.
   */
  readonly mode?: "refresh" | "fetch";
}

/** The options of `invalidateToken()`. `scope`, `resource` and `audience` select the stored token that is deleted. */
export interface InvalidateTokenOptions extends TokenTarget {
  /**
   * `keep`: the refresh token stays stored. `forget`: the refresh token is deleted, but not revoked at the server.
   * Default: `keep`.
   */
  readonly refreshToken?: "keep" | "forget";
  /** Aborts `invalidateToken()` while the call waits for the lock of the stored token. */
  readonly signal?: AbortSignal;
}
