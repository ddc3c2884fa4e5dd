import { NoTokenError, RefreshTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { Refresher } from "../core/refresher.ts";
import type { TokenSet } from "../core/token-set.ts";
import { wantKey } from "../core/want.ts";

/** Has the stored session refreshed; asks the inner grant only when there is no session, nothing to refresh it with, or it ended. */
export class RefreshGrant implements Grant {
  readonly #inner: Grant;
  readonly #refresher: Pick<Refresher, "refresh">;

  constructor(inner: Grant, { refresher }: { refresher: Pick<Refresher, "refresh"> }) {
    this.#inner = inner;
    this.#refresher = refresher;
  }

  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { user, tokens, cache, trip, response, signal } = request;
    if (trip || response !== undefined || user === undefined)
      return this.#inner.requestToken(request);
    const notGen = cache === "reload" ? (tokens?.generation ?? -1) : -1;
    try {
      return await this.#refresher.refresh({ user, want: wantKey(request), notGen }, signal);
    } catch (error) {
      if (!(error instanceof NoTokenError || error instanceof RefreshTokenError)) throw error;
      return this.#withoutSession(request, error);
    }
  }

  async userLeft(sub: string): Promise<void> {
    await this.#inner.userLeft?.(sub);
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
