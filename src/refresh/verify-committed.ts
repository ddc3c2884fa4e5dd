import type { SessionRow } from "../core/session.ts";
import type { Run } from "./run.ts";
import { endByIdToken, storeVerified } from "./transactions.ts";
import { untilStored } from "./until-stored.ts";

/**
 * Judges the ID token that came with a committed answer. A rotated refresh token must be stored at once or be lost, so
 * this comes after; a bad ID token then ends the session, and keys that cannot be had leave it unverified.
 */
export async function verifyCommitted(run: Run, committed: SessionRow): Promise<void> {
  const record = await run.ports.store.open(committed.tokens);
  const verdict = await run.ports.send.verify(record);
  if (verdict.type === "unknown") return;
  if (verdict.type === "invalid") return untilStored(run, () => endByIdToken(run, committed));
  const { user, authTime } = verdict;
  const verified = { idTokenVerified: true, user, ...(authTime !== undefined && { authTime }) };
  while (!(await storeVerified(run, committed, record.idToken, verified)));
}
