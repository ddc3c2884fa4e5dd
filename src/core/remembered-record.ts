import { userNeeded } from "./refusal.ts";
import type { RememberedUser } from "./login-prompt.ts";
import type { SessionRow } from "./session.ts";

/** An entry in the list of remembered users. */
export type RememberedRecord = Omit<RememberedUser, "sub">;

/**
 * Returns the entry in the list of remembered users for the session `row`. Returns undefined when the user of the session is
 * not remembered.
 */
export function rememberedRecord(row: SessionRow | undefined): RememberedRecord | undefined {
  return (
    row?.remembered && {
      ...row.remembered,
      needsLogin: row.end !== null || userNeeded(row) !== undefined,
    }
  );
}
