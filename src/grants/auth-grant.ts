import type { Auth, GetTokenOptions } from "../core/auth.ts";
import { NoTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TokenOwner } from "../core/token-owner.ts";
import type { TokenSet } from "../core/token-set.ts";
import { wallClock } from "../core/ports.ts";
import { completeTokens } from "./custom-grant.ts";

/** For how long a token of an `Auth` counts as valid when its state does not tell. Milliseconds. */
const ASSUMED_LIFETIME_MS = 60_000;

/**
 * The tokens of an `Auth`, with the user they belong to: the inner grant of a `TokenExchangeGrant` in a `createTokenManager()`. The
 * manager then keeps each user's tokens apart, and deletes them when the user signs out or is forgotten.
 * @example
 * const provider = new TokenExchangeGrant(new AuthGrant(auth), server, { audience: "billing" });
 * const billing = tokenManager({ service: "billing", provider, storage });
 */
export class AuthGrant implements Grant {
  readonly owner: TokenOwner;
  readonly #auth: Auth;

  constructor(auth: Auth) {
    this.owner = auth;
    this.#auth = auth;
  }

  /** Rejects as `auth.getToken()` does. `auth` renews its tokens by itself, so `cache: "reload"` asks for nothing newer. */
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

  /** The current user, or the one who signs in now, if somebody may be asked. */
  async #userFor(request: TokenRequest): Promise<string> {
    const user = await this.#auth.getUser();
    if (user) return user.sub;
    await this.#auth.getToken(optionsOf(request));
    const next = await this.#auth.getUser();
    if (!next) throw new NoTokenError("nobody is signed in");
    return next.sub;
  }

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
