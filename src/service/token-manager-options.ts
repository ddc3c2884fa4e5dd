import type { Prompt } from "../core/authorization-parameters.ts";
import type { Grant } from "../core/grant.ts";
import type { Clock, TabLock } from "../core/ports.ts";
import type { TokenContext } from "../core/token-context.ts";
import type { TokenOwner } from "../core/token-owner.ts";
import type { TokenStorage } from "../core/token-storage.ts";
import type { TokenTarget } from "../core/token-target.ts";

/** The configuration of a token manager: where it gets tokens, and where it stores them. */
export interface TokenManagerConfig {
  /**
   * The grant that requests the tokens. The manager passes the stored tokens to the grant. A grant such as `RefreshTokenGrant`
   * can then refresh the stored tokens. The manager first calls the grant with `prompt: "none"`. If only a user can help, the
   * manager calls the grant a second time. In the second call the grant can ask the user.
   */
  readonly provider: Grant;
  /** Stores the tokens. The manager reads the storage at each call, so that all tabs see the same tokens. */
  readonly storage: TokenStorage;
  /**
   * The start of the storage keys. Managers of one origin must have different values of `keyPrefix` or `service`. Default:
   * `auth_token`.
   */
  readonly keyPrefix?: string;
  /**
   * The name of the service, as a part of the storage keys. Include everything that the tokens depend on, such as the issuer,
   * the client and (without an `owner`) the user.
   */
  readonly service?: string;
  /**
   * The object that says which user the tokens belong to. If the tokens belong to the user who is signed in to your `Auth`,
   * pass the `Auth`. Each user's tokens are stored separately. When a user logs out or is forgotten (`auth.forget()`), this
   * user's tokens are deleted. Default: the `owner` of the provider. An `AuthGrant`, for example, has an `owner`.
   */
  readonly owner?: TokenOwner;
  /** The locks that prevent concurrent requests for the same token. All managers with this `storage` must share these locks. */
  readonly locks: TabLock;
  /** The clock that decides whether a token has expired. */
  readonly clock: Pick<Clock, "now">;
  /**
   * A token is renewed when its remaining lifetime falls to this value. If a third of the token's whole lifetime is shorter
   * than this value, the token is renewed when a third of its lifetime remains. Milliseconds. Default: 30,000.
   */
  readonly leewayMs?: number;
  /**
   * The longest time that a call waits while another call or tab is requesting the same token. After this time the call rejects
   * with a `TimeoutError`. Milliseconds. Default: 30,000.
   */
  readonly patienceMs?: number;
}

/** The options of `getToken()` of a token manager. */
export interface ServiceTokenOptions extends TokenTarget {
  /**
   * `default`: the call returns the stored token while it is valid. `reload`: the call returns a token that is newer than the
   * stored one.
   */
  readonly cache?: "default" | "reload";
  /**
   * The token that an API refused. Only used with `cache: "reload"`. If the stored token is valid and is not the refused token,
   * the call returns the stored token and requests no newer one.
   */
  readonly refused?: string;
  /**
   * `none`: the call does not ask the user. If only a user can help, the call rejects with a `NoTokenError` or a
   * `RefreshTokenError`.
   */
  readonly prompt?: Prompt;
  /** Values that the manager passes to the provider. A call with a `context` never shares its request with another call. */
  readonly context?: TokenContext;
  /** Aborts the call that has this `signal`. If other calls wait for the same token, the request for the token goes on. */
  readonly signal?: AbortSignal;
}

/** The options of `forceRefresh()`. */
export interface ForceRefreshOptions extends Omit<ServiceTokenOptions, "cache"> {
  /**
   * `refresh`: use the stored refresh token if there is one. `fetch`: do not use the stored refresh token. Default: `refresh`.
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
  /** Aborts the call of `invalidateToken()` while it waits for another call or tab that is requesting the token. */
  readonly signal?: AbortSignal;
}
