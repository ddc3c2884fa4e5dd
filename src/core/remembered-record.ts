import type { RememberedUser } from "./login-prompt.ts";
import type { SessionRow } from "./session.ts";

/** What is stored beside a session, in the same transaction, for those who list people: a list opens no sessions. */
export type RememberedRecord = Omit<RememberedUser, "sub">;

/** Undefined when they are not remembered. */
export function rememberedRecord(row: SessionRow | undefined): RememberedRecord | undefined {
  return row?.remembered && { ...row.remembered, needsLogin: row.end !== null };
}
