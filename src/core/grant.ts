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
   * its inner grant for tokens, it calls this function before the inner grant.
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
  /** `reload`: the grant must return newer tokens than `tokens`. */
  readonly cache?: "default" | "reload";
  /**
   * The page, popup or frame in which the user visits the authorization endpoint. Set only for a login. If a grant wraps
   * another grant, it passes a request with a `roundTrip` on to the inner grant.
   */
  readonly roundTrip?: RoundTrip;
  /**
   * Resources that the login names in addition to `resource`. A later refresh is then allowed to request tokens for these
   * resources.
   */
  readonly resources?: readonly string[];
  /**
   * A signal that is set only if `getToken()` started this login. The grant is then allowed to show a picker of remembered
   * users before the login navigates. The signal is aborted when a user has logged in and no choice is needed any more.
   */
  readonly mayChoose?: AbortSignal;
  /**
   * A function for grants that show the user a picker. The grant calls this function after the user's choice and before the
   * login navigates. The function waits, for 1 second at most, until revocations of older refresh tokens are complete.
   * Otherwise the server might end the new login together with a revoked token. A grant without a picker does not call this
   * function, because the caller has waited for the revocations before it called the grant.
   */
  readonly beforeLeaving?: () => Promise<void>;
  /** The URL of an authorization response. If it is set, the grant exchanges the code in this URL for tokens. */
  readonly response?: string;
  /**
   * A promise that settles when the caller has stored the returned tokens, or has failed to store them. If the grant uses a
   * lock, it holds the lock until then.
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
  /**
   * `false`: the grant cannot get a token before a user has logged in. While no user is logged in, Latchkey then calls the
   * grant only for a login.
   */
  readonly isSilent?: boolean | undefined;
  /** Says which user the grant's tokens belong to. `null`: the tokens depend on no user. Undefined: the user is unknown. */
  readonly owner?: TokenOwner | null | undefined;
  /**
   * Deletes the stored data of a user. Called after a logout of the user, and after the app called `forget()` for the user. A
   * grant that wraps another grant also calls this method of the inner grant.
   */
  removeUser?(sub: string): Promise<void>;
}
