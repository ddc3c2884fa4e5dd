import type { IdTokenValidation } from "../core/refresher.ts";
import { backOff, pauseUntilInterrupted, WAKE_MS } from "./pause.ts";
import { rowKey, type Run } from "./run.ts";
import { endByIdToken, storeVerified, untilStored } from "./transactions.ts";
import { type SessionRow, type TokenRecord, isNewer } from "../core/session.ts";

/**
 * Makes the pauses between two fetches of the server's keys longer. `backOff()` calculates these pauses as if this number of
 * fetches had already failed. Otherwise the first pauses would be too short: a tab would fetch the keys every few seconds.
 */
const FIRST_TRY = 4;
/**
 * After a tab has stored an ID token, that tab waits this long before it fetches the server's keys. Milliseconds. During this
 * time, the other tabs read the row. If this tab wrote the row at the same time, the other tabs would have to wait.
 */
const COMMITTED_MS = 100;
/**
 * A tab that did not store the ID token itself waits at least this long before it fetches the server's keys. Milliseconds. If
 * the tab that stored the ID token is still open, it has usually validated the ID token by then.
 */
const READER_MS = 2_000;

/**
 * Validates the signature of the row's ID token, if the signature is not validated yet. Called before a caller gets a token of
 * the row.
 * - If the signature is valid, or already validated, returns the row to use.
 * - If the signature is invalid, ends the session and returns undefined.
 * - If the server's keys are not cached, returns the row, and a background validation fetches the keys.
 */
export async function validateAtHand(run: Run, row: SessionRow): Promise<SessionRow | undefined> {
  if (row.signature !== "pending") return row;
  const { store, send, random } = run.ports;
  const record = await store.open(row.tokens);
  const validation = await send.verify(record, "cached");
  if (validation.type === "invalid") {
    await endSession(run, row, record, validation.claim);
    return undefined;
  }
  if (validation.type === "valid") {
    // The write is tried only once. If it fails, the next tab that reads the row validates the signature again.
    return (await storeValid(run, row, record, validation).catch(() => undefined)) ?? row;
  }
  const isOwn = run.committedGeneration === row.generation;
  run.onPending(isOwn ? COMMITTED_MS : READER_MS * (1 + random.fraction()));
  return row;
}

/**
 * Waits for `delayMs` milliseconds. Then fetches the server's keys and validates the signature of the stored ID token. If the
 * keys cannot be fetched, tries again after a pause. Returns as soon as this tab or another tab has validated the signature, or
 * the session has ended.
 */
export async function validatePending(run: Run, delayMs: number): Promise<void> {
  const { clock, store, send } = run.ports;
  await clock.sleep(delayMs);
  for (let sends = FIRST_TRY; ; sends++) {
    const row = await untilStored(run, () => store.get(rowKey(run)));
    if (!row || isNewer(row) || row.end || row.signature !== "pending") return;
    const record = await store.open(row.tokens);
    const validation = await send.verify(record, "fetched");
    if (validation.type === "invalid") return endSession(run, row, record, validation.claim);
    // After this write, the next iteration usually returns. If another ID token was stored during the validation, the next
    // iteration validates that ID token.
    if (validation.type === "valid")
      await untilStored(run, () => storeValid(run, row, record, validation));
    else await pauseUntilInterrupted(run, backOff(run, row, sends), WAKE_MS);
  }
}

function storeValid(
  run: Run,
  row: SessionRow,
  { idToken }: TokenRecord,
  { user, authTime }: Extract<IdTokenValidation, { type: "valid" }>,
): Promise<SessionRow | undefined> {
  const verified = { idTokenVerified: true, user, ...(authTime !== undefined && { authTime }) };
  return storeVerified(run, row, idToken, verified);
}

/** Stores the end of the session, and then starts to revoke the session's refresh token. Does not wait for the revocation. */
async function endSession(
  run: Run,
  row: SessionRow,
  { refreshToken }: TokenRecord,
  claim: string,
): Promise<void> {
  const isEnded = await untilStored(run, () => endByIdToken(run, row, claim));
  if (isEnded && refreshToken !== undefined) {
    run.ports.send.revoke(run.need.user, refreshToken).catch(() => {});
  }
}
