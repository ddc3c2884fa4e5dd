import { userNeeded } from "./refusal.ts";
import type { RememberedUser } from "./login-prompt.ts";
import type { SessionRow, RememberedProfile } from "./session.ts";
import type { User } from "./user.ts";

/** What lists of people show of a session. */
export type RememberedRecord = Omit<RememberedUser, "sub">;

/** Undefined when they are not remembered. */
export function rememberedRecord(row: SessionRow | undefined): RememberedRecord | undefined {
  return (
    row?.remembered && {
      ...row.remembered,
      needsLogin: row.end !== null || userNeeded(row) !== undefined,
    }
  );
}

/** Of a record that is damaged nothing but its place is believed: its person can still be signed in again, and forgotten. */
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

export function lastUsedFirst(users: readonly RememberedUser[]): readonly RememberedUser[] {
  return [...users].sort((one, other) => other.lastUsedAt - one.lastUsedAt);
}

/** What is remembered of a person, for a picker. */
export function profileOf(user: User, lastUsedAt: number): RememberedProfile {
  const { sub: _, claims: __, ...profile } = user;
  return { ...profile, lastUsedAt };
}
