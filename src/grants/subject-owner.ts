import { NoTokenError } from "../core/errors.ts";
import type { Grant } from "../core/grant.ts";
import { sha256 } from "../core/sha256.ts";
import type { OwnerId, TokenOwner } from "../core/token-owner.ts";

/**
 * Returns the owner of tokens that are derived from the tokens of `subject`: the grant's own `owner`, or else the user of the
 * token that the grant returns now. When this token names no user, a hash of the token identifies the user. So no user gets a
 * token that is derived from another user's token.
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
