import type { Grant, TokenRequest } from "../../core/grant.ts";
import type { Clock } from "../../core/ports.ts";
import { isValidated, type TokenSet } from "../../core/token-set.ts";
import { loadMore } from "./store-login.ts";

/** The objects that `grantTokens()` uses. */
export interface GrantTokensParts {
  readonly grant: Grant;
  readonly clock: Pick<Clock, "now">;
}

/**
 * Calls the grant for a login, and returns the tokens. A grant of the app can return incomplete tokens: missing members then get
 * default values. Rejects with the errors of the grant.
 * @throws RequestTokenError `accessToken` is missing, or another member is invalid. The message names the member
 */
export async function grantTokens(
  { grant, clock }: GrantTokensParts,
  request: TokenRequest,
): Promise<TokenSet> {
  const tokens = await grant.requestToken(request);
  // Latchkey has validated the tokens of its own code exchange, so most logins do not load the code below.
  return isValidated(tokens)
    ? tokens
    : (await loadMore()).completeTokens(tokens, request, { now: clock.now() });
}
