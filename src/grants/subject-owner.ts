import { NoTokenError } from "../core/errors.ts";
import type { Grant } from "../core/grant.ts";
import { sha256 } from "../core/sha256.ts";
import type { OwnerId, TokenOwner } from "../core/token-owner.ts";

/**
 * The owner of tokens that are made of another grant's token: its owner, or else the user of the token that it gives now. When
 * that token names no user, a hash of it stands for the user, so that no user ever gets what was made of another user's token.
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
