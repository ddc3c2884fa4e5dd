import type { IdTokenValidation } from "../core/refresher.ts";
import { backOff, pauseUntilInterrupted, WAKE_MS } from "./pause.ts";
import { rowKey, type Run } from "./run.ts";
import { endByIdToken, storeVerified, untilStored } from "./transactions.ts";
import { type SessionRow, type TokenRecord, isNewer } from "../core/session.ts";

/**
 * The first pause between two fetches of the keys is as long as the pause after this many sends. With a smaller number, the
 * keys would be fetched every few seconds.
 */
const FIRST_TRY = 4;
/**
 * The tab that stored an ID token waits this long before it fetches the keys. Milliseconds. Other tabs read the row right after
 * the ID token is stored. A write to the row at the same time would delay them.
 */
const COMMITTED_MS = 100;
/**
 * Any other tab waits at least this long before it fetches the keys. Milliseconds. By then, the tab that stored the ID token
 * has fetched the keys, if that tab is still open.
 */
const READER_MS = 2_000;

/**
 * Called before a caller gets a token of the row. If the signature of the row's ID token is not validated yet, validates it
 * with cached keys. If no keys are cached, a validation in the background fetches them. Returns the row to use. If the
 * signature is invalid, ends the session and returns undefined.
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
 * Waits for `delayMs` milliseconds. Then fetches the server's keys and validates the signature of the stored ID token. Repeats
 * this until this tab or another tab has a result.
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

/** Ends the session, and starts to revoke its refresh token. Does not wait for the server's response. */
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
