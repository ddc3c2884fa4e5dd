import type { Prompt } from "../core/authorization-parameters.ts";
import type { Grant } from "../core/grant.ts";
import type { Clock, TabLock } from "../core/ports.ts";
import type { TokenContext } from "../core/token-context.ts";
import type { TokenOwner } from "../core/token-owner.ts";
import type { TokenStorage } from "../core/token-storage.ts";
import type { TokenTarget } from "../core/token-target.ts";

/** Where a token manager gets tokens, and where it stores them. */
export interface TokenManagerConfig {
  /**
   * Requests the tokens. A provider that refreshes gets the stored tokens: see `RefreshTokenGrant`. The provider is called with
   * `prompt: "none"` first. It is called again without `prompt` if it needs a user, and the call may ask the user.
   */
  readonly provider: Grant;
  /** Stores the tokens. It is read at each call, so that all tabs see the same tokens. */
  readonly storage: TokenStorage;
  /** Start of the storage keys. Managers of one origin must differ in `keyPrefix` or `service`. Default: `auth_token`. */
  readonly keyPrefix?: string;
  /**
   * Name of the service in the storage keys. Include all that the tokens depend on, such as issuer, client and user.
   */
  readonly service?: string;
  /**
   * The owner of the tokens, such as your `Auth`, if they belong to the user who is signed in. Each user's tokens are stored
   * separately, and deleted when the user logs out or is forgotten. Default: the provider's `owner`, such as that of an
   * `AuthGrant`.
   */
  readonly owner?: TokenOwner;
  /** Locks that all managers with this `storage` must share. */
  readonly locks: TabLock;
  /** Tells whether a token has expired. */
  readonly clock: Pick<Clock, "now">;
  /** A token is renewed this long before it expires, or a third of its lifetime before. Milliseconds. Default: 30,000. */
  readonly leewayMs?: number;
  /** How long a call waits for another call or tab that requests the token. Milliseconds. Default: 30,000. */
  readonly patienceMs?: number;
}

/** Which token a call gets, and what may happen to get it. */
export interface ServiceTokenOptions extends TokenTarget {
  /** `reload`: request a token that is newer than the stored one. */
  readonly cache?: "default" | "reload";
  /** With `reload`: the token that an API refused. A stored token that differs from it counts as newer. */
  readonly refused?: string;
  /** `none`: reject with a `NoTokenError` when only a user can help. */
  readonly prompt?: Prompt;
  /** Passed to the provider. A call with a context does not share the request of another call. */
  readonly context?: TokenContext;
  /** Aborts this call. The request goes on while other calls wait for it. */
  readonly signal?: AbortSignal;
}

/** Which token `forceRefresh()` requests, and how. */
export interface ForceRefreshOptions extends Omit<ServiceTokenOptions, "cache"> {
  /** `fetch`: do not use the stored refresh token. Default: `refresh`. */
  readonly mode?: "refresh" | "fetch";
}

/** Which stored token `invalidateToken()` deletes. */
export interface InvalidateTokenOptions extends TokenTarget {
  /** `forget`: delete the refresh token, too. It is not revoked. Default: `keep`. */
  readonly refreshToken?: "keep" | "forget";
  /** Stops waiting for another call or tab that requests the token. */
  readonly signal?: AbortSignal;
}
