import { abortable } from "../core/abortable.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TokenSet } from "../core/token-set.ts";
import { wallClock } from "../core/wall-clock.ts";
import { completeTokens, type CustomTokens } from "./custom-tokens.ts";

/** How long a token is good that comes without `expiresAt`. */
const ASSUMED_LIFE_MS = 300_000;

/**
 * Tokens from a function: a command, a host app, an endpoint of the app's own, or several steps. It is asked whenever a token
 * is needed; a `CachedGrant` around it remembers. What it throws is what the caller gets.
 */
export class CustomGrant implements Grant {
  readonly #requestTokens: (request: TokenRequest) => Promise<CustomTokens>;

  /** @param requestTokens what it gives without `expiresAt` counts as good for five minutes */
  constructor(requestTokens: (request: TokenRequest) => Promise<CustomTokens>) {
    this.#requestTokens = requestTokens;
  }

  /** @throws RequestTokenError the function gave no access token */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { signal } = request;
    signal?.throwIfAborted();
    const tokens = await abortable(this.#requestTokens(request), signal);
    return completeTokens(tokens, request, wallClock.now() + ASSUMED_LIFE_MS);
  }
}
