import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TokenSet } from "../core/token-set.ts";
import { completeTokens, type CustomTokens } from "./custom-grant.ts";

/**
 * Returns the same tokens for every request. Use this grant in tests, and during development with a token that you got in
 * another way.
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

  /** @throws RequestTokenError the tokens have no access token, or an `expiresAt` that is not a finite number */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    return completeTokens(this.#tokens, request, Number.MAX_SAFE_INTEGER);
  }
}
