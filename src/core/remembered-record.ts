import { userNeeded } from "./refusal.ts";
import type { RememberedUser } from "./login-prompt.ts";
import type { SessionRow } from "./session.ts";

/** An entry in the list of remembered users. */
export type RememberedRecord = Omit<RememberedUser, "sub">;

/** Makes the session user's entry for the list of remembered users. Returns undefined if the user is not remembered. */
export function rememberedRecord(row: SessionRow | undefined): RememberedRecord | undefined {
  return (
    row?.remembered && {
      ...row.remembered,
      needsLogin: row.end !== null || userNeeded(row) !== undefined,
    }
  );
}
