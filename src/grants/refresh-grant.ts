import { NoTokenError, RefreshTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { Refresher } from "../core/refresher.ts";
import type { TokenSet } from "../core/token-set.ts";
import { targetKey } from "../core/token-target.ts";

/**
 * Returns an access token of the user's stored session. If the access token has expired, the `refresher` first refreshes the
 * session. If the session cannot be used, the inner grant is called, for example to start a login. A login request, or a
 * request without a `user`, goes directly to the inner grant.
 * @example
 * const createGrant = ({ server, refresher }: GrantParts) =>
 *   new RefreshGrant(new AuthorizationCodeGrant(server), { refresher });
 */
export class RefreshGrant implements Grant {
  readonly #inner: Grant;
  readonly #refresher: Pick<Refresher, "refresh">;

  constructor(inner: Grant, { refresher }: { refresher: Pick<Refresher, "refresh"> }) {
    this.#inner = inner;
    this.#refresher = refresher;
  }

  get isSilent(): boolean | undefined {
    return this.#inner.isSilent;
  }

  /**
   * Rejects with the errors below, and with each error of the inner grant.
   * @throws NoTokenError no session can be refreshed, and the inner grant has no token
   * @throws RefreshTokenError the session has ended or the server requires a login, and the inner grant has no token
   * @throws RequestTokenError the server refused to issue a token for this scope, resource or audience. The session is kept
   * @throws TimeoutError no token arrived in time. If the error's `pending` is true, the refresh is still running
   * @throws NetworkError code or data that a refresh needs could not be loaded
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { user, tokens, cache, roundTrip, response, signal } = request;
    if (roundTrip || response !== undefined || user === undefined)
      return this.#inner.requestToken(request);
    const notGeneration = cache === "reload" ? (tokens?.generation ?? -1) : -1;
    try {
      return await this.#refresher.refresh(
        { user, target: targetKey(request), notGeneration },
        signal,
      );
    } catch (error) {
      if (!(error instanceof NoTokenError || error instanceof RefreshTokenError)) throw error;
      return this.#withoutSession(request, error);
    }
  }

  async removeUser(sub: string): Promise<void> {
    await this.#inner.removeUser?.(sub);
  }

  /**
   * Calls the inner grant after the refresh has failed with `reason`. If the inner grant throws a `NoTokenError`, this method
   * throws `reason` instead.
   */
  async #withoutSession(
    request: TokenRequest,
    reason: NoTokenError | RefreshTokenError,
  ): Promise<TokenSet> {
    try {
      return await this.#inner.requestToken(request);
    } catch (error) {
      throw error instanceof NoTokenError ? reason : error;
    }
  }
}
