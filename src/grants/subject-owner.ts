import { NoTokenError } from "../core/errors.ts";
import type { Grant } from "../core/grant.ts";
import { sha256 } from "../core/sha256.ts";
import type { OwnerId, TokenOwner } from "../core/token-owner.ts";

/**
 * Returns the `owner` of a `TokenExchangeGrant`. The owner says which user the new tokens belong to. `subject` is the grant
 * whose token is exchanged for a new token.
 *
 * If `subject.owner` is defined, returns `subject.owner`. Otherwise the returned owner requests a token from `subject`, and
 * returns the user of this token. If the user of the token is unknown, a hash of the token takes the place of the user's `sub`.
 * The tokens of different unknown users are thus stored separately.
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
