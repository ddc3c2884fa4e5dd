import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TokenSet } from "../core/token-set.ts";
import { completeTokens, type CustomTokens } from "./custom-grant.ts";

/** Gives the same tokens always, whatever is asked: for tests, and for development with a token from elsewhere. */
export class StaticGrant implements Grant {
  readonly owner = null;
  readonly #tokens: CustomTokens;

  /** @param tokens good for ever when they do not say until when */
  constructor(tokens: CustomTokens) {
    this.#tokens = tokens;
  }

  /** @throws RequestTokenError there is no access token */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    return completeTokens(this.#tokens, request, Number.MAX_SAFE_INTEGER);
  }
}
