import type { AuthorizationParameters } from "./authorization-parameters.ts";
import type { Refusal } from "./session.ts";
import type { TokenOwner } from "./token-owner.ts";
import type { TokenContext } from "./token-context.ts";
import type { TokenSet } from "./token-set.ts";
import type { RoundTrip } from "./user-agent.ts";

/**
 * A request for tokens. A grant that wraps another grant passes the request on, unchanged or as a copy with changed members:
 * `{ ...request, prompt }`.
 */
export interface TokenRequest extends AuthorizationParameters {
  /** `sub` of the user whose tokens are requested. */
  readonly user?: string;
  /** The tokens that the caller has stored for this request. A grant can refresh them. */
  readonly tokens?: TokenSet;
  /**
   * The grant calls this function when the server has rejected the refresh token of `tokens` for good. If the grant then asks
   * its inner grant for tokens, it calls this function first.
   */
  readonly onRefreshTokenRejected?: () => Promise<void>;
  /**
   * Says how often and when the server has refused a refresh with `tokens`. A grant that refreshes uses this record to decide
   * when it sends the refresh token again.
   */
  readonly refusal?: Refusal;
  /**
   * The grant calls this function when the server has refused a refresh, but the refresh token is still valid. The function
   * stores `refusal` beside `tokens`.
   */
  readonly onRefused?: (refusal: Refusal) => Promise<void>;
  /** `reload`: return tokens that are newer than `tokens`. */
  readonly cache?: "default" | "reload";
  /**
   * Set for a login: the opened page, popup or frame in which the user visits the authorization endpoint. A wrapping grant
   * passes a request with a `roundTrip` on to its inner grant.
   */
  readonly roundTrip?: RoundTrip;
  /**
   * Resources that the login names in addition to `resource`, so that a later refresh is allowed to request tokens for them.
   */
  readonly resources?: readonly string[];
  /**
   * Set when no click started this login. A grant can then show a picker of remembered users first. The signal is aborted once
   * a user is logged in, because no choice is needed any more.
   */
  readonly mayChoose?: AbortSignal;
  /**
   * A grant that has asked the user calls this function just before it navigates. The function waits, for 1 second at most,
   * until no refresh token is being revoked, because a server might end the new login together with a revoked token. Other
   * grants do not call it, because the caller has already waited once.
   */
  readonly beforeLeaving?: () => Promise<void>;
  /** The URL of an authorization response. The grant exchanges the code in this URL for tokens. */
  readonly response?: string;
  /**
   * Settles when the caller has stored the tokens, or has failed to store them. A grant that uses a lock holds the lock until
   * then.
   */
  readonly stored?: Promise<unknown>;
  /** Values that the app passes to its own grants. */
  readonly context?: TokenContext;
  readonly signal?: AbortSignal;
}

/**
 * A source of tokens. A grant can wrap another grant.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-1.3
 * @example
 * const endpoint: Grant = {
 *   async requestToken({ signal = null, scope = [] }) {
 *     const response = await fetch("/token", { signal });
 *     const { accessToken, expiresAt } = await response.json();
 *     return tokenSet({ accessToken, expiresAt, scope, tokenType: "Bearer" });
 *   },
 * };
 */
export interface Grant {
  /**
   * Returns tokens for `request`.
   * @throws NoTokenError only a user can help, and the request does not allow the grant to ask the user
   */
  requestToken(request: TokenRequest): Promise<TokenSet>;
  /** `false`: the grant has no token before a user has logged in. The grant is then not called while no user is logged in. */
  readonly isSilent?: boolean | undefined;
  /** Says which user the grant's tokens belong to. `null`: the tokens depend on no user. Undefined: the user is unknown. */
  readonly owner?: TokenOwner | null | undefined;
  /**
   * Deletes the stored data of a user who has logged out, or for whom the app has called `forget()`. A wrapping grant also
   * calls this method of its inner grant.
   */
  removeUser?(sub: string): Promise<void>;
}
