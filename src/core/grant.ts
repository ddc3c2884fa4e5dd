import type { AuthorizationParameters } from "./authorization-parameters.ts";
import type { Refusal } from "./session.ts";
import type { TokenOwner } from "./token-owner.ts";
import type { TokenContext } from "./token-context.ts";
import type { TokenSet } from "./token-set.ts";
import type { RoundTrip } from "./user-agent.ts";

/** A request for tokens. A grant that wraps another one passes the request on, whole or as `{ ...request, changed }`. */
export interface TokenRequest extends AuthorizationParameters {
  /** `sub` of the token's user. */
  readonly user?: string;
  /** The caller's current tokens for this request. */
  readonly tokens?: TokenSet;
  /** Called when the server rejects the refresh token of `tokens` for good, before the inner grant is called. */
  readonly onRefreshTokenRejected?: () => Promise<void>;
  /** The server's last refusals of the refresh token of `tokens`. A grant that refreshes observes the pause. */
  readonly refusal?: Refusal;
  /** Called when the server refuses that refresh token and the token stays valid. Store the refusal beside `tokens`. */
  readonly onRefused?: (refusal: Refusal) => Promise<void>;
  /** `reload`: get a token that is newer than `tokens`. */
  readonly cache?: "default" | "reload";
  /** An open round trip. A wrapping grant passes such a request on unchanged, to the grant that uses the round trip. */
  readonly roundTrip?: RoundTrip;
  /** More resources for the login to name beside `resource`, so that a later refresh can request them. */
  readonly resources?: readonly string[];
  /** Set when no click started this login. A grant may show the account picker first. Aborted once a user is logged in. */
  readonly mayChoose?: AbortSignal;
  /**
   * Resolves when pending revocations are done, because one could end the grant that this login shares. A grant that waited
   * for the user calls it again, just before it navigates.
   */
  readonly beforeLeaving?: () => Promise<void>;
  /** The URL of an authorization response. */
  readonly response?: string;
  /** Settles once the caller has stored the tokens, or failed to. A grant that holds a lock keeps the lock until then. */
  readonly stored?: Promise<unknown>;
  /** Values of the caller for its own grants. */
  readonly context?: TokenContext;
  readonly signal?: AbortSignal;
}

/**
 * Produces tokens. A grant may wrap another grant.
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
  /** @throws NoTokenError the grant has no token without a user, and the request does not allow to ask one */
  requestToken(request: TokenRequest): Promise<TokenSet>;
  /** `false`: without a session the grant has no token before a login. Then it is not asked for one. */
  readonly isSilent?: boolean | undefined;
  /** Says which user the grant's tokens belong to. `null`: the tokens depend on no user. Undefined: unknown. */
  readonly owner?: TokenOwner | null | undefined;
  /** Deletes the stored data of a user who has logged out or was forgotten. Wrapping grants pass the call on. */
  removeUser?(sub: string): Promise<void>;
}
