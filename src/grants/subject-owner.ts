import { NoTokenError } from "../core/errors.ts";
import type { Grant } from "../core/grant.ts";
import { sha256 } from "../core/sha256.ts";
import type { OwnerId, TokenOwner } from "../core/token-owner.ts";

/**
 * Returns the `owner` of a `TokenExchangeGrant`: an object that says which user the grant's new tokens belong to. `subject` is
 * the inner grant. Its tokens are sent to the server, which issues the new tokens in exchange.
 *
 * If `subject.owner` is defined, returns `subject.owner`. Otherwise returns an owner whose `getUser()` requests a token from
 * `subject` and returns the user of this token. If this token has no user, `getUser()` returns a hash of the token in place of
 * the user's `sub`. Each token then counts as a user of its own. So no user gets a new token that was issued for another user's
 * token.
 */
export function subjectOwner(subject: Grant): TokenOwner | null {
  const { owner } = subject;
  return owner === undefined ? { getUser: () => userOf(subject) } : owner;
}

async function userOf(subject: Grant): Promise<OwnerId | undefined> {
  try {
    const { user, accessToken } = await subject.requestToken({ prompt: "none" });
    return user ?? { sub: `token ${await sha256(accessToken)}`, isDerived: true };
  } catch (error) {
    if (error instanceof NoTokenError) return undefined;
    throw error;
  }
}
