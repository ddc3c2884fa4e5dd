import type { IdTokenValidation } from "../core/refresher.ts";
import { backOff, pauseUntilInterrupted, WAKE_MS } from "./pause.ts";
import { rowKey, type Run } from "./run.ts";
import { endByIdToken, storeVerified, untilStored } from "./transactions.ts";
import { type SessionRow, type TokenRecord, isNewer } from "../core/session.ts";

/** The back-off begins at this step, so that keys are not fetched every second. */
const FIRST_TRY = 4;
/** After a commit the waiting tabs read the row first, and a write would delay them. Milliseconds. */
const COMMITTED_MS = 100;
/** By then the tab that stored the ID token has fetched the keys, if it is still open. Milliseconds. */
const READER_MS = 2_000;

/**
 * Validates the signature of the row's ID token with cached keys, before a token of the row is returned. Without cached keys
 * the validation goes on in the background. Returns the row, or undefined when the session has ended.
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
    // The write is tried once. If the store fails, the next reader validates again.
    return (await storeValid(run, row, record, validation).catch(() => undefined)) ?? row;
  }
  const isOwn = run.committedGen === row.generation;
  run.onPending(isOwn ? COMMITTED_MS : READER_MS * (1 + random.fraction()));
  return row;
}

/** Fetches keys until this tab or another one has validated the signature of the stored ID token. */
export async function validatePending(run: Run, delayMs: number): Promise<void> {
  const { clock, store, send } = run.ports;
  await clock.sleep(delayMs);
  for (let sends = FIRST_TRY; ; sends++) {
    const row = await untilStored(run, () => store.get(rowKey(run)));
    if (!row || isNewer(row) || row.end || row.signature !== "pending") return;
    const record = await store.open(row.tokens);
    const validation = await send.verify(record, "fetched");
    if (validation.type === "invalid") return endSession(run, row, record, validation.claim);
    // The next iteration finds nothing pending, or an ID token that arrived meanwhile.
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

/** Ends the session and revokes its refresh token. Callers do not wait for the server. */
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
