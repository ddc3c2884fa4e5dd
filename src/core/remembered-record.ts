import { userNeeded } from "./refusal.ts";
import type { RememberedUser } from "./login-prompt.ts";
import type { SessionRow } from "./session.ts";

/** What the list of remembered users stores of a session. */
export type RememberedRecord = Omit<RememberedUser, "sub">;

/** Returns the list's record of a session. Returns undefined when its user is not remembered. */
export function rememberedRecord(row: SessionRow | undefined): RememberedRecord | undefined {
  return (
    row?.remembered && {
      ...row.remembered,
      needsLogin: row.end !== null || userNeeded(row) !== undefined,
    }
  );
}
