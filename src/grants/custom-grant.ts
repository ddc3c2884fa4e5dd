import { abortable } from "../core/abortable.ts";
import { wallClock } from "../core/ports.ts";
import { RequestTokenError } from "../core/protocol-errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { type TokenSet, tokenSet } from "../core/token-set.ts";
/** If a token has no `expiresAt`, the token is assumed to expire after this time. Milliseconds. */
const ASSUMED_LIFETIME_MS = 300_000;

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
   * @throws RequestTokenError the function returned no `accessToken`, or `expiresAt` is not a finite number
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { signal } = request;
    signal?.throwIfAborted();
    const tokens = await abortable(this.#requestTokens(request), signal);
    return completeTokens(tokens, request, wallClock.now() + ASSUMED_LIFETIME_MS);
  }
}

/**
 * Tokens that an app passes to a grant. Only `accessToken` is required. The default token type is Bearer, and the default scope
 * is the requested scope.
 */
export type CustomTokens = Pick<TokenSet, "accessToken"> & Partial<TokenSet>;

/**
 * Validates the app's tokens, and adds default values for missing members. `assumedEnd`: the default of `expiresAt`.
 * Milliseconds since the epoch.
 * @throws RequestTokenError there is no access token, or `expiresAt` is not a finite number
 */
export function completeTokens(
  tokens: CustomTokens,
  request: TokenRequest,
  assumedEnd: number,
): TokenSet {
  const { accessToken, expiresAt = assumedEnd } = tokens ?? {};
  if (typeof accessToken !== "string" || accessToken === "") {
    throw refusal("no access token", "Set accessToken to a string that is not empty.");
  }
  if (!Number.isFinite(expiresAt)) {
    throw refusal(
      `no valid expiresAt: ${String(expiresAt)}`,
      "Set expiresAt to a number of milliseconds since the epoch.",
    );
  }
  return tokenSet({
    tokenType: "Bearer",
    scope: request.scope ?? [],
    ...tokens,
    expiresAt,
  });
}

function refusal(problem: string, hint: string): RequestTokenError {
  return new RequestTokenError(`the tokens from the app have ${problem}`, { hint });
}
