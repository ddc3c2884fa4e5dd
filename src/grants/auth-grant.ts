import { completeTokens } from "../core/complete-tokens.ts";
import type { Auth } from "../core/auth.ts";
import type { GetTokenOptions } from "../core/auth-options.ts";
import { NoTokenError, RefreshTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TokenOwner } from "../core/token-owner.ts";
import type { TokenSet } from "../core/token-set.ts";
import { wallClock } from "../core/ports.ts";

/** If the expiry of a token is unknown, the token is assumed to expire after this time. Milliseconds. */
const ASSUMED_LIFETIME_MS = 60_000;

/**
 * Gets access tokens from an `Auth`. Wrap this grant in a `TokenExchangeGrant`, as in the example, to get tokens for another
 * service. The token manager then stores each user's tokens separately. When a user logs out, the token manager deletes this
 * user's tokens.
 * @example
 * const createBilling = (server: AuthorizationServer) =>
 *   createTokenManager({
 *     service: "billing",
 *     provider: new TokenExchangeGrant(new AuthGrant(auth), server, { audience: "billing" }),
 *     storage: new IndexedDBTokenStorage(createDatabase()),
 *   });
 */
export class AuthGrant implements Grant {
  readonly owner: TokenOwner;
  readonly #auth: Auth;

  constructor(auth: Auth) {
    this.owner = auth;
    this.#auth = auth;
  }

  /**
   * Returns the access token that `auth.getToken()` returns. If `auth.getToken()` rejects, this method rejects with the same
   * error. `cache: "reload"`: returns a newer token than that of the member `tokens`, unless the session has no refresh token.
   * @throws NoTokenError no user is signed in
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { user = await this.#userFor(request) } = request;
    const accessToken = await this.#tokenOf(user, request);
    const known = await this.#auth.getUser();
    const tokens = {
      accessToken,
      user: known?.sub === user ? known : { sub: user, claims: { sub: user } },
    };
    return completeTokens(tokens, request, {
      now: wallClock.now(),
      assumedEnd: this.#endOf(request, user),
    });
  }

  async #tokenOf(user: string, request: TokenRequest): Promise<string> {
    const options = { ...optionsOf(request), user };
    const { cache, tokens } = request;
    // A TokenExchangeGrant gives no tokens, because it needs any valid token of the user.
    if (cache !== "reload" || !tokens) return this.#auth.getToken(options);
    try {
      return await this.#auth.getToken({ ...options, cache, refused: tokens.accessToken });
    } catch (error) {
      // A session without a refresh token gets no newer token, but the stored token is valid until it expires.
      if (error instanceof NoTokenError || isNotRenewable(error))
        return this.#auth.getToken(options);
      throw error;
    }
  }

  /**
   * Returns the `sub` of the signed-in user. If no user is signed in, first calls `auth.getToken()`, so that a user can log in.
   */
  async #userFor(request: TokenRequest): Promise<string> {
    const user = await this.#auth.getUser();
    if (user) return user.sub;
    await this.#auth.getToken(optionsOf(request));
    const next = await this.#auth.getUser();
    if (!next) throw new NoTokenError("the AuthGrant has no token, because no user is signed in");
    return next.sub;
  }

  /**
   * Returns when the token expires. Milliseconds since the epoch. `auth.state` contains the expiry of one token only: the
   * signed-in user's token for a request without scope, resource and audience. For every other token, an expiry is assumed.
   */
  #endOf({ scope, resource, audience }: TokenRequest, user: string): number {
    const { state } = this.#auth;
    const isDefault = (scope ?? resource ?? audience) === undefined;
    return isDefault && state.status === "authenticated" && state.user.sub === user
      ? state.token.expiresAt
      : wallClock.now() + ASSUMED_LIFETIME_MS;
  }
}

function isNotRenewable(error: unknown): boolean {
  return error instanceof RefreshTokenError && error.reason === "not_renewable";
}

function optionsOf(request: TokenRequest): GetTokenOptions {
  const { scope, resource, audience, prompt, context, signal } = request;
  return {
    ...(scope && { scope }),
    ...(resource !== undefined && { resource }),
    ...(audience !== undefined && { audience }),
    ...(prompt && { prompt }),
    ...(context && { context }),
    ...(signal && { signal }),
  };
}
