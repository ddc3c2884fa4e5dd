import type { IdTokenValidation } from "../core/refresher.ts";
import { backOff, pauseUntilInterrupted, WAKE_MS } from "./pause.ts";
import { rowKey, type Run } from "./run.ts";
import { endByIdToken, storeVerified, untilStored } from "./transactions.ts";
import { type SessionRow, type TokenRecord, isNewer } from "../core/session.ts";

/** The back-off between two fetches of the keys starts at this step. Earlier steps would fetch the keys every second. */
const FIRST_TRY = 4;
/**
 * How long the tab that stored an ID token waits before it fetches the keys. Milliseconds. The waiting tabs read the row right
 * after a response is stored, and writing the validation at once would delay them.
 */
const COMMITTED_MS = 100;
/**
 * How long, at least, any other tab waits before it fetches the keys. Milliseconds. By then, the tab that stored the ID token
 * has fetched them, if that tab is still open.
 */
const READER_MS = 2_000;

/**
 * Validates a pending signature of the row's ID token with cached keys, before a caller gets a token of the row. Without cached
 * keys, the validation goes on in the background. Returns the row to use, or undefined when the signature is invalid and the
 * session has ended.
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
  const isOwn = run.committedGen === row.generation;
  run.onPending(isOwn ? COMMITTED_MS : READER_MS * (1 + random.fraction()));
  return row;
}

/**
 * Waits for `delayMs` milliseconds. Then fetches keys, repeatedly, until this tab or another tab has validated the signature of
 * the stored ID token.
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
    // The next iteration returns, or validates a new ID token that was stored during this validation.
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

/** Ends the session, and starts to revoke its refresh token. Does not wait for the server. */
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
