import { completeTokens, type CustomTokens } from "../core/complete-tokens.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TokenSet } from "../core/token-set.ts";
import { LATEST_MS } from "../core/token-lifetime.ts";
import { wallClock } from "../core/ports.ts";

/**
 * Returns the same tokens for every request. Use this grant in tests and during development.
 * @example
 * const grant = new StaticGrant({ accessToken: "a token for tests" });
 * const { accessToken } = await grant.requestToken({});
 */
export class StaticGrant implements Grant {
  readonly owner = null;
  readonly #tokens: CustomTokens;

  /** @param tokens the tokens to return. Tokens without `expiresAt` never expire */
  constructor(tokens: CustomTokens) {
    this.#tokens = tokens;
  }

  /** @throws RequestTokenError `accessToken` is missing, or another member is invalid. The message names the member */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    return completeTokens(this.#tokens, request, {
      now: wallClock.now(),
      assumedEnd: LATEST_MS,
    });
  }
}
