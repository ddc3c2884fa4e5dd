import type { AuthorizationServer } from "../core/authorization-server.ts";
import { NoTokenError, RefreshTokenError } from "../core/errors.ts";
import { RequestTokenError } from "../core/protocol-errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { nextRefusal, remainingRefusalMs } from "../core/refusal-pauses.ts";
import { meaningOf } from "../core/server-responses.ts";
import type { Refusal } from "../core/session.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { type Clock, wallClock } from "../core/ports.ts";

/** The options of a `RefreshTokenGrant`. */
export interface RefreshTokenConfig {
  /** The absolute URL to which the grant sends refresh tokens. Default: the server's token endpoint. */
  readonly tokenEndpoint?: string;
  /** The clock that measures the pause after the server has refused a refresh token. Default: the system's clock. */
  readonly clock?: Pick<Clock, "now">;
}

/**
 * Sends the refresh token of `request.tokens` to the token endpoint, and returns the new tokens. If there is no valid refresh
 * token, or if the server requires a login, calls the inner grant. The server can also refuse a refresh token that is still
 * valid. The refresh token is then kept, and a later call sends it again.
 *
 * The caller must hold a lock during the call, and must store the new tokens. A `CachedGrant` and a token manager do both. For
 * the sessions of `createAuth()`, use `RefreshGrant` instead.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-6
 * @example
 * const createPartner = (login: Grant, server: AuthorizationServer) =>
 *   createTokenManager({
 *     service: "partner",
 *     provider: new RefreshTokenGrant(login, server),
 *     storage: new IndexedDBTokenStorage(createDatabase()),
 *   });
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
   * Rejects with the errors below, and with each error of the inner grant.
   * @throws RefreshTokenError the refresh token is no longer valid or the server requires a login, and the inner grant has no
   * token. Also thrown when the new tokens belong to another user
   * @throws RequestTokenError the server refused the refresh token in this call or in an earlier call, but the refresh token is
   * kept
   * @throws NetworkError the server did not respond
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
      // The response can omit a refresh token that has not changed.
      refreshToken: fresh.refreshToken ?? refreshToken,
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
    const meaning = meaningOf("refresh", error);
    if (meaning === "session over") {
      await request.onRefreshTokenRejected?.();
      return this.#withoutRefreshToken(request, new RefreshTokenError("session_ended"));
    }
    if (meaning !== "user needed" && meaning !== "unexplained") throw error;
    const refusal = nextRefusal(request.refusal, meaning, error, this.#now());
    await request.onRefused?.(refusal);
    return this.#refused(request, refusal, error);
  }

  /**
   * Called after the server has refused the refresh token. If the server requires a login, calls the inner grant. Otherwise
   * throws `error`. If the server refused the refresh token in an earlier call, `error` is undefined, and the thrown error is
   * made from `refusal`.
   */
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
      `the refresh token was not sent, because the token endpoint refused it a moment ago: ${status} ${error ?? "without an OAuth error"}`,
      {
        error,
        errorDescription,
        status,
        retryAfterMs,
        hint: `Try again in ${Math.ceil(retryAfterMs / 1_000)} s. Until then the refresh token is not sent. For the reason of the refusal, see the server's log.`,
        retryable: true,
      },
    );
  }

  #remainingPauseMs(refusal: Refusal): number {
    // After one refusal without a known reason there is no pause, because the cause might be temporary.
    const mayAskAgain = refusal.meaning === "unexplained" && refusal.count === 1;
    return mayAskAgain ? 0 : remainingRefusalMs(refusal, this.#now());
  }

  #now(): number {
    return (this.#config.clock ?? wallClock).now();
  }

  /**
   * Sends the refresh token. The request has no `signal`, because an abort might lose the response with the new refresh token.
   */
  #refresh(
    refreshToken: string,
    { tokens, scope, resource, audience, signal }: TokenRequest,
  ): Promise<TokenSet> {
    signal?.throwIfAborted();
    const granted = tokens?.scope ?? [];
    // The request names only scopes that the server has already granted, because the server would refuse other scopes.
    const asked = scope?.filter((name) => granted.length === 0 || granted.includes(name));
    return this.#server.requestTokens(
      {
        grant_type: "refresh_token",
        refresh_token: refreshToken,
        scope: asked?.join(" "),
        resource,
        audience,
      },
      { tokenEndpoint: this.#config.tokenEndpoint, scope: asked?.length ? asked : granted },
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
