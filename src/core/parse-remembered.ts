import type { RememberedUser } from "./login-prompt.ts";
import type { RememberedRecord } from "./remembered-record.ts";

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
