import type { SessionRow } from "../core/session.ts";
import { backOff, pauseUntilStirred, WAKE_MS } from "./back-off.ts";
import { rowKey, type Run } from "./run.ts";
import { endByIdToken, storeVerified } from "./transactions.ts";
import { untilStored } from "./until-stored.ts";

/** The tabs that waited read the row now, and a write would be in their way. Milliseconds. */
const LATER_MS = 100;
/** Keys are not fetched every second. */
const FIRST_TRY = 3;

/**
 * Judges the ID token that came with a committed answer. A rotated refresh token must be stored at once or be lost, so
 * this comes after; a bad ID token then ends the session, and keys that cannot be had leave it unverified until they can.
 */
export async function verifyCommitted(run: Run, committed: SessionRow): Promise<void> {
  const { clock, store, send } = run.ports;
  await clock.sleep(LATER_MS);
  const record = await store.open(committed.tokens);
  // One that its own tab could not judge any more is judged with the next answer, whatever that brought.
  if (record.idToken === undefined || record.idTokenVerified) return;
  let verdict = await send.verify(record);
  for (let tries = FIRST_TRY; verdict.type === "unknown"; tries++) {
    await pauseUntilStirred(run, backOff(run, committed, tries), WAKE_MS);
    const row = await untilStored(run, () => store.get(rowKey(run)));
    // Whoever stored a newer answer judges what it left.
    if (row?.sid !== committed.sid || row.end || row.gen !== committed.gen) return;
    verdict = await send.verify(record);
  }
  if (verdict.type === "invalid") return untilStored(run, () => endByIdToken(run, committed));
  const { user, authTime } = verdict;
  const verified = { idTokenVerified: true, user, ...(authTime !== undefined && { authTime }) };
  const keep = () => storeVerified(run, committed, record.idToken, verified);
  while (!(await untilStored(run, keep)));
}
