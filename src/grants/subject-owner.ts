import { NoTokenError } from "../core/errors.ts";
import type { Grant } from "../core/grant.ts";
import { sha256 } from "../core/sha256.ts";
import type { OwnerId, TokenOwner } from "../core/token-owner.ts";

/**
 * Returns the owner of tokens that are exchanged for the tokens of the grant `subject`. If `subject.owner` is set, returns that
 * owner. Otherwise the `getUser()` of the owner requests a token from `subject` and returns the token's user. If this token has
 * no user, a hash of the token identifies the user. So no user gets a token that was exchanged for another user's token.
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
