import { abortable } from "../core/abortable.ts";
import { wallClock } from "../core/ports.ts";
import { RequestTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { type TokenSet, tokenSet } from "../core/token-set.ts";
/** How long a token is good that comes without `expiresAt`. */
const ASSUMED_LIFETIME_MS = 300_000;

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
    return completeTokens(tokens, request, wallClock.now() + ASSUMED_LIFETIME_MS);
  }
}

/** Tokens that an app got by itself. What is not given is assumed: a Bearer token with the scope that was asked for. */
export type CustomTokens = Pick<TokenSet, "accessToken"> & Partial<TokenSet>;

/** @throws RequestTokenError there is no access token, or its end is not a time */
export function completeTokens(
  tokens: CustomTokens,
  request: TokenRequest,
  assumedEnd: number,
): TokenSet {
  const { accessToken, expiresAt = assumedEnd } = tokens ?? {};
  if (typeof accessToken !== "string" || accessToken === "") {
    throw refusal("has no access token", "Give at least { accessToken }, a string.");
  }
  if (!Number.isFinite(expiresAt)) {
    throw refusal("ends at no time", "Give expiresAt in milliseconds since the epoch.");
  }
  return tokenSet({
    tokenType: "Bearer",
    scope: request.scope ?? [],
    ...tokens,
    expiresAt,
  });
}

function refusal(what: string, hint: string): RequestTokenError {
  return new RequestTokenError(`what the app gave ${what}`, { hint });
}
