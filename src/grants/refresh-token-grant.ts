import type { AuthorizationServer } from "../core/authorization-server.ts";
import { NoTokenError, RefreshTokenError, RequestTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { meaningOf } from "../core/server-responses.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";

export interface RefreshTokenConfig {
  /** Where refresh tokens are sent when that is not the server's token endpoint; absolute. */
  readonly tokenEndpoint?: string;
}

/**
 * Sends the refresh token of `request.tokens`, once; for tokens that the caller keeps and locks. Only the server's
 * definite `invalid_grant` leads to the inner grant, as does a request without a refresh token. For the sessions of people use
 * `RefreshGrant`. @see RFC 6749 section 6
 */
export class RefreshTokenGrant implements Grant {
  readonly #inner: Grant;
  readonly #server: Pick<AuthorizationServer, "requestTokens">;
  readonly #config: RefreshTokenConfig;

  constructor(
    inner: Grant,
    server: Pick<AuthorizationServer, "requestTokens">,
    config: RefreshTokenConfig = {},
  ) {
    this.#inner = inner;
    this.#server = server;
    this.#config = config;
  }

  /**
   * @throws RefreshTokenError the refresh token is used up, and the inner grant has nothing; or the answer is about somebody else
   * @throws RequestTokenError this request was refused; the refresh token stands
   * @throws NetworkError no answer
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { tokens: held, trip, response } = request;
    const refreshToken = held?.refreshToken;
    if (trip || response !== undefined || !refreshToken) return this.#inner.requestToken(request);
    let fresh: TokenSet;
    try {
      fresh = await this.#refresh(refreshToken, request);
    } catch (error) {
      const isOver =
        error instanceof RequestTokenError && meaningOf("refresh", error) === "session over";
      if (!isOver) throw error;
      await request.onUsedUp?.();
      return this.#withoutRefreshToken(request);
    }
    if (held.user && fresh.user && held.user.sub !== fresh.user.sub) {
      throw new RefreshTokenError("id_token");
    }
    return tokenSet({
      ...fresh,
      // Not every server rotates, or repeats what it granted.
      refreshToken: fresh.refreshToken ?? refreshToken,
      scope: fresh.scope.length > 0 ? fresh.scope : held.scope,
      ...(held.user && { user: fresh.user ?? held.user }),
    });
  }

  /** Without the caller's signal: a request that is aborted may have used the refresh token up. */
  #refresh(
    refreshToken: string,
    { tokens, scope, resource, audience, signal }: TokenRequest,
  ): Promise<TokenSet> {
    signal?.throwIfAborted();
    const granted = tokens?.scope ?? [];
    // More than was granted would be refused each time.
    const asked = scope?.filter((name) => granted.length === 0 || granted.includes(name));
    return this.#server.requestTokens(
      {
        grant_type: "refresh_token",
        refresh_token: refreshToken,
        scope: asked?.join(" "),
        resource,
        audience,
      },
      { tokenEndpoint: this.#config.tokenEndpoint },
    );
  }

  async #withoutRefreshToken(request: TokenRequest): Promise<TokenSet> {
    try {
      return await this.#inner.requestToken(request);
    } catch (error) {
      throw error instanceof NoTokenError ? new RefreshTokenError("invalid_grant") : error;
    }
  }
}
