import { userNeeded } from "./refusal.ts";
import type { RememberedUser } from "./login-prompt.ts";
import type { SessionRow } from "./session.ts";

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
