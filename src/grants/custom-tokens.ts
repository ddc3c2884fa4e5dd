import { RequestTokenError } from "../core/errors.ts";
import type { TokenRequest } from "../core/grant.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";

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
