import type { SessionRow } from "../core/session.ts";
import { backOff, pauseUntilWoken, WAKE_MS } from "./back-off.ts";
import { rowKey, type Run } from "./run.ts";
import { endByIdToken, storeVerified } from "./transactions.ts";
import { untilStored } from "./until-stored.ts";

/** The tabs that waited read the row now, and a write would be in their way. Milliseconds. */
const LATER_MS = 100;
/** Keys are not fetched every second. */
const FIRST_TRY = 4;

/**
 * Judges the ID token that came with a committed answer. A rotated refresh token must be stored at once or be lost, so
 * this comes after; a bad ID token then ends the session, and keys that cannot be had leave it unverified until they can.
 */
export async function verifyCommitted(run: Run, committed: SessionRow): Promise<void> {
  const { clock, store, send } = run.ports;
  await clock.sleep(LATER_MS);
  const record = await store.open(committed.tokens);
  let verdict = await send.verify(record);
  for (let tries = FIRST_TRY; verdict.type === "unknown"; tries++) {
    await pauseUntilWoken(run, backOff(run, committed, tries), WAKE_MS);
    const row = await store.get(rowKey(run));
    if (row?.sid !== committed.sid || row.end) return;
    // A newer one is judged by whoever brought it.
    if ((await store.open(row.tokens)).idToken !== record.idToken) return;
    verdict = await send.verify(record);
  }
  if (verdict.type === "invalid") return untilStored(run, () => endByIdToken(run, committed));
  const { user, authTime } = verdict;
  const verified = { idTokenVerified: true, user, ...(authTime !== undefined && { authTime }) };
  while (!(await storeVerified(run, committed, record.idToken, verified)));
}
