import type { Auth, GetTokenOptions } from "../core/auth.ts";
import { NoTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TokenOwner } from "../core/token-owner.ts";
import type { TokenSet } from "../core/token-set.ts";
import { wallClock } from "../core/ports.ts";
import { completeTokens } from "./custom-grant.ts";

/** The assumed lifetime of a token whose expiry is not in `auth.state`. Milliseconds. */
const ASSUMED_LIFETIME_MS = 60_000;

/**
 * A grant that returns the access tokens of an `Auth`, together with the user of each token. Use this grant as the inner grant
 * of a `TokenExchangeGrant` in `createTokenManager()`. The manager then stores each user's tokens separately. When a user logs
 * out or is forgotten (`auth.forget()`), the manager deletes this user's tokens.
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
   * Calls `auth.getToken()` and returns the token. If `auth.getToken()` rejects, rejects with the same error. `cache: "reload"`
   * has no effect, because `auth` itself decides when to refresh its tokens.
   * @throws NoTokenError no user is signed in
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { user = await this.#userFor(request), ...rest } = request;
    const accessToken = await this.#auth.getToken({ ...optionsOf(rest), user });
    const known = await this.#auth.getUser();
    const tokens = {
      accessToken,
      user: known?.sub === user ? known : { sub: user, claims: { sub: user } },
    };
    return completeTokens(tokens, request, this.#endOf(request, user));
  }

  /**
   * Returns the `sub` of the current user. If no user is signed in, calls `auth.getToken()`, which can start a login. After the
   * login, returns the `sub` of the user who logged in.
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
   * current user's token that was requested without a scope, resource or audience. Every other token is assumed to expire
   * `ASSUMED_LIFETIME_MS` from now.
   */
  #endOf({ scope, resource, audience }: TokenRequest, user: string): number {
    const { state } = this.#auth;
    const isDefault = (scope ?? resource ?? audience) === undefined;
    return isDefault && state.status === "authenticated" && state.user.sub === user
      ? state.token.expiresAt
      : wallClock.now() + ASSUMED_LIFETIME_MS;
  }
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
