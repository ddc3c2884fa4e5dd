import type { RememberedUser } from "./login-prompt.ts";
import type { RememberedRecord } from "./remembered-record.ts";
import type { RememberedProfile } from "./session.ts";
import type { User } from "./user.ts";

/**
 * Parses an entry of the stored list of remembered users. Invalid members are left out. Even for a damaged entry, the result
 * has the `sub`.
 */
export function parseRemembered(sub: string, record: unknown): RememberedUser {
  const { name, email, picture, lastUsedAt, needsLogin } = (record ??
    {}) as Partial<RememberedRecord>;
  return {
    sub,
    ...(typeof name === "string" && { name }),
    ...(typeof email === "string" && { email }),
    ...(typeof picture === "string" && { picture }),
    lastUsedAt: Number.isFinite(lastUsedAt) ? lastUsedAt! : 0,
    needsLogin: needsLogin !== false,
  };
}

/** Returns a copy of `users`, sorted by `lastUsedAt`, the latest first. */
export function lastUsedFirst(users: readonly RememberedUser[]): readonly RememberedUser[] {
  return [...users].sort((one, other) => other.lastUsedAt - one.lastUsedAt);
}

/** Returns the data of `user` for a user picker. `lastUsedAt`: milliseconds since the epoch. */
export function profileOf(user: User, lastUsedAt: number): RememberedProfile {
  const { sub: _, claims: __, ...profile } = user;
  return { ...profile, lastUsedAt };
}
