import type { IdTokenValidation } from "../core/refresher.ts";
import { backOff, pauseUntilInterrupted, WAKE_MS } from "./pause.ts";
import { rowKey, type Run } from "./run.ts";
import { endByIdToken, storeVerified, untilStored } from "./transactions.ts";
import { type SessionRow, type TokenRecord, isNewer } from "../core/session.ts";

/**
 * The pauses between two fetches of the server's keys are calculated as if this many fetches had already failed. So even the
 * first pause is long.
 */
const FIRST_TRY = 4;
/**
 * The tab that stored an ID token waits this long before it fetches the server's keys. Meanwhile the other tabs can read the
 * new tokens. Milliseconds.
 */
const COMMITTED_MS = 100;
/**
 * A tab that did not store the ID token waits at least this long before it fetches the server's keys. By then, the tab that
 * stored the ID token has usually validated the signature. Milliseconds.
 */
const READER_MS = 2_000;

/**
 * Validates the signature of the session's ID token with the cached keys of the server.
 * - If the signature is valid, or was validated before, returns the session row.
 * - If the signature is invalid, ends the session and returns undefined.
 * - If the server's keys are not cached, returns the row, and the signature is validated later in the background.
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
    // If this write fails, the next tab that reads the session validates the signature again.
    return (await storeValid(run, row, record, validation).catch(() => undefined)) ?? row;
  }
  const isOwn = run.committedGeneration === row.generation;
  run.onPending(isOwn ? COMMITTED_MS : READER_MS * (1 + random.fraction()));
  return row;
}

/**
 * After `delayMs` milliseconds, fetches the server's keys and validates the signature of the stored ID token. If the keys
 * cannot be fetched, tries again after a pause. Returns when a tab has validated the signature, or when the session has ended.
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
    // The loop continues after this write, because another ID token might have been stored during the validation.
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
