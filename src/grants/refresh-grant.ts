import { NoTokenError, RefreshTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { Refresher } from "../core/refresher.ts";
import type { TokenSet } from "../core/token-set.ts";
import { targetKey } from "../core/token-target.ts";

/** Has the stored session refreshed; asks the inner grant only when there is no session, nothing to refresh it with, or it ended. */
export class RefreshGrant implements Grant {
  readonly #inner: Grant;
  readonly #refresher: Pick<Refresher, "refresh">;

  constructor(inner: Grant, { refresher }: { refresher: Pick<Refresher, "refresh"> }) {
    this.#inner = inner;
    this.#refresher = refresher;
  }

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

  /** When the inner grant has nothing either, the reason of the stored session tells more. */
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
