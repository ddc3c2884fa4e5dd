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
   * The grant that requests the tokens. The manager passes the stored tokens to the grant. The grant can refresh them, as a
   * `RefreshTokenGrant` does. The manager first calls the grant with `prompt: "none"`. If only a user can help, the manager
   * calls the grant a second time, so that the grant can ask the user.
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
   * Says which user the tokens belong to. Pass your `Auth` if they belong to the user who is signed in. Each user's tokens are
   * stored separately, and deleted when the user logs out or is forgotten (`auth.forget()`). Default: the `owner` of the
   * provider. An `AuthGrant`, for example, has an `owner`.
   */
  readonly owner?: TokenOwner;
  /** The locks that prevent concurrent requests for the same token. All managers with this `storage` must share them. */
  readonly locks: TabLock;
  /** Used to decide whether a token has expired. */
  readonly clock: Pick<Clock, "now">;
  /**
   * A token is renewed this long before it expires. A short-lived token is renewed when a third of its lifetime is left.
   * Milliseconds. Default: 30,000.
   */
  readonly leewayMs?: number;
  /**
   * A call waits this long for another call or tab that is requesting the same token. Then the call rejects with a
   * `TimeoutError`. Milliseconds. Default: 30,000.
   */
  readonly patienceMs?: number;
}

/** The options of `getToken()` of a token manager. */
export interface ServiceTokenOptions extends TokenTarget {
  /** `reload`: request a token that is newer than the stored one. */
  readonly cache?: "default" | "reload";
  /**
   * Used with `cache: "reload"`: the token that an API refused. A stored token that differs from the refused token counts as
   * newer.
   */
  readonly refused?: string;
  /**
   * `none`: the call does not ask the user. If only a user can help, the call rejects with a `NoTokenError` or a
   * `RefreshTokenError`.
   */
  readonly prompt?: Prompt;
  /** Values for the provider. A call with a context does not share the request of another call. */
  readonly context?: TokenContext;
  /** Aborts this call. The request goes on while other calls wait for its token. */
  readonly signal?: AbortSignal;
}

/** The options of `forceRefresh()`. */
export interface ForceRefreshOptions extends Omit<ServiceTokenOptions, "cache"> {
  /**
   * `refresh`: use the stored refresh token if there is one. `fetch`: do not use the stored refresh token. Default: `refresh`.
   */
  readonly mode?: "refresh" | "fetch";
}

/** The options of `invalidateToken()`. The target selects the stored token. */
export interface InvalidateTokenOptions extends TokenTarget {
  /** `keep`: keep the stored refresh token. `forget`: delete it, too, without revoking it at the server. Default: `keep`. */
  readonly refreshToken?: "keep" | "forget";
  /** Ends the wait for another call or tab that is requesting the token. This call then rejects. */
  readonly signal?: AbortSignal;
}
