import type { RememberedUser } from "./login-prompt.ts";
import type { RememberedRecord } from "./remembered-record.ts";
import type { RememberedProfile } from "./session.ts";
import type { User } from "./user.ts";

/** From a damaged record only the `sub` in its key is used: the user can still log in again, or be forgotten. */
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

/** Returns a sorted copy of `users`. */
export function lastUsedFirst(users: readonly RememberedUser[]): readonly RememberedUser[] {
  return [...users].sort((one, other) => other.lastUsedAt - one.lastUsedAt);
}

/** Returns what a picker shows of a user. `lastUsedAt`: milliseconds since the epoch. */
export function profileOf(user: User, lastUsedAt: number): RememberedProfile {
  const { sub: _, claims: __, ...profile } = user;
  return { ...profile, lastUsedAt };
}
