import type { AuthorizationServer } from "../core/authorization-server.ts";
import { NoTokenError, RefreshTokenError, RequestTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { nextRefusal, remainingRefusalMs } from "../core/refusal-pauses.ts";
import { meaningOf } from "../core/server-responses.ts";
import type { Refusal } from "../core/session.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { type Clock, wallClock } from "../core/ports.ts";

export interface RefreshTokenConfig {
  /** Where refresh tokens are sent when that is not the server's token endpoint; absolute. */
  readonly tokenEndpoint?: string;
  readonly clock?: Pick<Clock, "now">;
}

/**
 * Sends the refresh token of `request.tokens`, once; for tokens that the caller keeps and locks. The inner grant is asked when
 * there is no refresh token, when the server ended it, and while the server wants a user. A refresh token that was refused and
 * not ended stays stored, and is sent again after a pause: `request.refusal` says for how long. For the sessions of users use
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
   * @throws RefreshTokenError the refresh token is used up, or the server wants a user, and the inner grant has nothing; or the
   * answer is about somebody else
   * @throws RequestTokenError this request was refused; the refresh token stands
   * @throws NetworkError no answer
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { tokens: cached, refusal, roundTrip, response } = request;
    const refreshToken = cached?.refreshToken;
    if (roundTrip || response !== undefined || !refreshToken)
      return this.#inner.requestToken(request);
    if (refusal && this.#remainingPauseMs(refusal) > 0) return this.#refused(request, refusal);
    let fresh: TokenSet;
    try {
      fresh = await this.#refresh(refreshToken, request);
    } catch (error) {
      if (!(error instanceof RequestTokenError)) throw error;
      return this.#afterError(request, error);
    }
    if (cached.user && fresh.user && cached.user.sub !== fresh.user.sub) {
      throw new RefreshTokenError("id_token");
    }
    return tokenSet({
      ...fresh,
      // Not every server rotates, or repeats what it granted.
      refreshToken: fresh.refreshToken ?? refreshToken,
      scope: fresh.scope.length > 0 ? fresh.scope : cached.scope,
      ...(cached.user && { user: fresh.user ?? cached.user }),
    });
  }

  get owner(): Grant["owner"] {
    return this.#inner.owner;
  }

  async removeUser(sub: string): Promise<void> {
    await this.#inner.removeUser?.(sub);
  }

  async #afterError(request: TokenRequest, error: RequestTokenError): Promise<TokenSet> {
    // The refresh token came with tokens for the same target, which is its default target.
    const meaning = meaningOf("refresh", error);
    if (meaning === "session over") {
      await request.onRefreshTokenRejected?.();
      return this.#withoutRefreshToken(request, new RefreshTokenError("invalid_grant"));
    }
    if (meaning !== "user needed" && meaning !== "unexplained") throw error;
    const refusal = nextRefusal(request.refusal, meaning, error, this.#now());
    await request.onRefused?.(refusal);
    return this.#refused(request, refusal, error);
  }

  /** Without sending the refresh token. `error`: the server's refusal, when it came just now. */
  async #refused(
    request: TokenRequest,
    refusal: Refusal,
    error?: RequestTokenError,
  ): Promise<TokenSet> {
    if (refusal.meaning !== "user needed") throw error ?? this.#errorOf(refusal);
    return this.#withoutRefreshToken(request, new RefreshTokenError("user_needed", refusal));
  }

  #errorOf(refusal: Refusal): RequestTokenError {
    const { error, errorDescription, status } = refusal;
    const retryAfterMs = this.#remainingPauseMs(refusal);
    return new RequestTokenError(
      `the token endpoint answered ${status} ${error ?? "without an OAuth error"} a moment ago`,
      {
        error,
        errorDescription,
        status,
        retryAfterMs,
        hint: `The refresh token is sent again in ${Math.ceil(retryAfterMs / 1_000)} s at the earliest. The server's log says more.`,
        retryable: true,
      },
    );
  }

  #remainingPauseMs(refusal: Refusal): number {
    // One unexplained refusal may be an accident. Callers have no back-off of their own here, so the next call asks again.
    const mayAskAgain = refusal.meaning === "unexplained" && refusal.count === 1;
    return mayAskAgain ? 0 : remainingRefusalMs(refusal, this.#now());
  }

  #now(): number {
    return (this.#config.clock ?? wallClock).now();
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

  async #withoutRefreshToken(request: TokenRequest, reason: RefreshTokenError): Promise<TokenSet> {
    try {
      return await this.#inner.requestToken(request);
    } catch (error) {
      throw error instanceof NoTokenError ? reason : error;
    }
  }
}
