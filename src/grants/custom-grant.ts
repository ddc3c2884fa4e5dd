import { abortable } from "../core/abortable.ts";
import { wallClock } from "../core/ports.ts";
import { completeTokens, type CustomTokens } from "../core/complete-tokens.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TokenSet } from "../core/token-set.ts";

/**
 * Gets tokens from a function that the app provides. The grant calls the function for each request. To store the tokens, wrap
 * this grant in a `CachedGrant`.
 * @example
 * const grant = new CustomGrant(async () => {
 *   const response = await fetch("/token", { method: "POST" });
 *   const { token, expires_in } = await response.json();
 *   return { accessToken: token, expiresAt: Date.now() + expires_in * 1_000 };
 * });
 */
export class CustomGrant implements Grant {
  readonly #requestTokens: (request: TokenRequest) => Promise<CustomTokens>;

  /** @param requestTokens returns the tokens. A token without `expiresAt` is assumed to expire after five minutes */
  constructor(requestTokens: (request: TokenRequest) => Promise<CustomTokens>) {
    this.#requestTokens = requestTokens;
  }

  /**
   * If the app's function rejects, `requestToken()` rejects with the same error.
   * @throws RequestTokenError the function returned no `accessToken`, or another member is invalid. The message names the member
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { signal } = request;
    signal?.throwIfAborted();
    const tokens = await abortable(this.#requestTokens(request), signal);
    return completeTokens(tokens, request, { now: wallClock.now() });
  }
}
