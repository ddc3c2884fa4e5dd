import type { AuthorizationParameters, Prompt } from "./authorization-parameters.ts";
import type { Refusal } from "./session.ts";
import type { TokenOwner } from "./token-owner.ts";
import type { TokenContext } from "./token-context.ts";
import type { TokenSet } from "./token-set.ts";
import type { RoundTrip } from "./user-agent.ts";
import type { User } from "./user.ts";

/**
 * A request for tokens. A grant that wraps another grant passes the request to that inner grant, unchanged or as a changed
 * copy.
 */
export interface TokenRequest extends AuthorizationParameters {
  /** The `sub` of the user whose tokens are requested. */
  readonly user?: string;
  /** The caller's stored tokens for this request. A grant can refresh these tokens. */
  readonly tokens?: TokenSet;
  /**
   * If the server rejects the refresh token of `tokens` for good, the grant calls this function. Only then does the grant
   * request other tokens, for example from an inner grant.
   */
  readonly onRefreshTokenRejected?: () => Promise<void>;
  /**
   * The record of the server's refusals to refresh `tokens`. A grant uses this record to decide when to send the refresh token
   * again.
   */
  readonly refusal?: Refusal;
  /**
   * The grant calls this function if the server refuses a refresh, but the refresh token stays valid. The function stores
   * `refusal` together with `tokens`.
   */
  readonly onRefused?: (refusal: Refusal) => Promise<void>;
  /** `reload`: the grant must return newer tokens than the ones in the member `tokens`. */
  readonly cache?: "default" | "reload";
  /** The prompt of the login if the server does not support `prompt`. */
  readonly fallbackPrompt?: Prompt;
  /** An ID token of the user whom a silent login expects. */
  readonly idTokenHint?: string;
  /**
   * The page, popup or frame in which the user visits the authorization endpoint. Set only for a login. If a request has a
   * `roundTrip`, a grant that wraps another grant passes the request to that inner grant.
   */
  readonly roundTrip?: RoundTrip;
  /**
   * Further resources that the login names, in addition to `resource`. A later refresh can then request tokens for these
   * resources.
   */
  readonly resources?: readonly string[];
  /**
   * This signal is set only if `getToken()` started the login. The grant is then allowed to show a picker of remembered users.
   * The signal is aborted when another login has succeeded and the picker is no longer needed.
   */
  readonly mayChoose?: AbortSignal;
  /**
   * A grant with a user picker calls this function between the user's choice and the navigation of the login. The function
   * waits up to 1 second until running revocations of older refresh tokens end. Otherwise, a server might end the new login
   * together with a revoked token.
   */
  readonly beforeLeaving?: () => Promise<void>;
  /** The URL of an authorization response. If `response` is set, the grant exchanges the code in this URL for tokens. */
  readonly response?: string;
  /**
   * A promise that settles when the caller has tried to store the returned tokens. A grant that uses a lock holds the lock
   * until this promise has settled.
   */
  readonly stored?: Promise<unknown>;
  /** Values that the app passes to the app's own grants. */
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
   * @throws NoTokenError a user must act, for example log in, but the request does not allow the grant to ask the user
   */
  requestToken(request: TokenRequest): Promise<TokenSet>;
  /**
   * Called on the page on which a user ends up after a login that navigated the page. A grant can ask the user something here.
   */
  afterLogin?(user: User): void;
  /**
   * False if the grant can return tokens only after a user has logged in. While no user is logged in, Latchkey calls such a
   * grant only for a login.
   */
  readonly isSilent?: boolean | undefined;
  /** The user to whom the grant's tokens belong. `null`: the tokens depend on no user. Undefined: the user is unknown. */
  readonly owner?: TokenOwner | null | undefined;
  /**
   * Deletes the stored data of a user. Called after the user's logout, and after `forget()` for the user. A grant that wraps
   * another grant also calls `removeUser()` of that inner grant.
   */
  removeUser?(sub: string): Promise<void>;
}
