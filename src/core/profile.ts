import type { RememberedProfile } from "./session.ts";
import type { User } from "./user.ts";

/** What is remembered of a person, for a picker. */
export function profileOf(user: User, lastUsedAt: number): RememberedProfile {
  const { sub: _, claims: __, ...profile } = user;
  return { ...profile, lastUsedAt };
}
