import { StorageError } from "../core/errors.ts";
import type { RefusedRefresh } from "../core/refresher.ts";
import { backOff, pauseUntilInterrupted, shortestPause } from "./pause.ts";
import type { Owner } from "./owner.ts";
import { currentRefusal, withRefusal } from "./refusals.ts";
import { rowKey, satisfying, broadcast, type Run } from "./run.ts";
import {
  NO_CHANGE,
  type SessionAttempt,
  type SessionEnd,
  type SessionRow,
  type TokenRecord,
  isNewer,
} from "../core/session.ts";

/** A row with the attempt that this tab has just stored in it. */
export type ClaimedRow = SessionRow & { attempt: SessionAttempt };

/**
 * Stores a new attempt in the row, and returns the new row. Called before each send. `README.md` calls this write T1. In these
 * cases, stores nothing and returns undefined:
 * - The row has changed since this tab read `seen`.
 * - The row has a token that the run can return.
 * - The row has no attempt, and the server has recently refused the target that the run requests.
 * - The owner has released its lock.
 * @param certain true if the row's present attempt certainly did not use up the refresh token
 */
export async function claimAttempt(
  run: Run,
  owner: Owner,
  seen: SessionRow,
  certain: boolean,
): Promise<ClaimedRow | undefined> {
  const attemptId = owner.id;
  const row = await run.ports.store.update(rowKey(run), (row) => {
    // Compare `generation` too: when a tab stores a response, `generation` changes, but `sequence` does not. Suppose another tab
    // has just refreshed for a different target. Without this comparison, this tab would send the refresh token that the other
    // tab has already used.
    if (!isLive(row, seen) || row.generation !== seen.generation || row.sequence !== seen.sequence)
      return NO_CHANGE;
    if (owner.isReleased || satisfying(run, row) !== undefined) return NO_CHANGE;
    const before = row.attempt;
    const now = run.ports.clock.now();
    // A refusal of the target is in effect, so this tab sends no request.
    if (!before && currentRefusal(row, run.need.target, now)) return NO_CHANGE;
    const sends = before ? before.sends + 1 : 0;
    const retryMs = shortestPause(run, sends);
    const attempt: SessionAttempt = {
      id: attemptId,
      sequence: row.sequence + 1,
      tab: run.tab,
      target: before?.target ?? run.need.target,
      uncertainSends: before ? before.uncertainSends + (certain ? 0 : 1) : 0,
      sends,
      // The pause is stored before the send, because this page might close before a response arrives.
      retryAt: now + retryMs,
      retryMs,
    };
    owner.claimed(row.sessionId, attempt.sequence);
    return { ...row, sequence: attempt.sequence, attempt };
  });
  return isClaimedBy(attemptId, seen.sequence + 1, row) ? row : undefined;
}

function isClaimedBy(
  attemptId: string,
  sequence: number,
  row: SessionRow | undefined,
): row is ClaimedRow {
  return row?.attempt?.id === attemptId && row.attempt.sequence === sequence;
}

/**
 * Ends the session because of the server's response to an attempt, and returns the new row. `README.md` calls this write T3. If
 * the row no longer has that attempt, stores nothing and returns undefined.
 */
export async function endSession(
  run: Run,
  claimed: ClaimedRow,
  end: Pick<SessionEnd, "reason" | "claim">,
): Promise<SessionRow | undefined> {
  const { sequence } = claimed.attempt;
  const row = await run.ports.store.update(rowKey(run), (row) =>
    isStillOurs(row, claimed) ? endedRow(row, { ...end, sequence }) : NO_CHANGE,
  );
  return row?.sessionId === claimed.sessionId && row.end?.sequence === sequence ? row : undefined;
}

/**
 * Writes a refusal into the row: the server does not issue the token that the attempt requested. Also removes the attempt from
 * the row. Returns the new row. If the row no longer has the attempt, writes nothing and returns undefined.
 */
export async function storeRefusal(
  run: Run,
  claimed: ClaimedRow,
  response: RefusedRefresh,
): Promise<SessionRow | undefined> {
  let wasOurs = false;
  const row = await run.ports.store.update(rowKey(run), (row) => {
    const isOurs = isStillOurs(row, claimed);
    wasOurs = isOurs;
    if (!isOurs) return NO_CHANGE;
    return withRefusal(
      { ...row, attempt: null },
      claimed.attempt.target,
      response,
      run.ports.clock.now(),
    );
  });
  return wasOurs ? row : undefined;
}

/**
 * Writes a longer pause into the row's attempt, after the server has asked for this pause. So the other tabs that wait for the
 * attempt pause for the same time. `retryMs`: the length of the pause. Milliseconds.
 */
export async function storePause(run: Run, claimed: ClaimedRow, retryMs: number): Promise<void> {
  const { store, clock } = run.ports;
  await store.update(rowKey(run), (row) =>
    isStillOurs(row, claimed)
      ? { ...row, attempt: { ...row.attempt, retryAt: clock.now() + retryMs, retryMs } }
      : NO_CHANGE,
  );
}

/**
 * Ends the session because its stored ID token is invalid, and broadcasts `ended`. If another tab has validated the signature
 * in the meantime, changes nothing. Returns whether an invalid ID token has ended the session, in this tab or in another tab.
 */
export async function endByIdToken(
  run: Run,
  committed: SessionRow,
  claim: string,
): Promise<boolean> {
  const end = { reason: "id_token", sequence: committed.committedSequence } as const;
  const row = await run.ports.store.update(rowKey(run), (row) =>
    isLive(row, committed) && row.signature === "pending"
      ? endedRow(row, { ...end, claim })
      : NO_CHANGE,
  );
  if (row?.sessionId !== committed.sessionId || row.end?.reason !== "id_token") return false;
  broadcast(run, row.sessionId, { type: "ended", ...end });
  return true;
}

/**
 * Writes the members of `verified` into the stored tokens, and removes `signature: "pending"` from the row. Called after this
 * tab has found that the signature of `idToken` is valid. Returns the new row, except in two cases:
 * - If there is nothing to write, for example because another tab has validated the signature, returns `committed`.
 * - If the session changes before the write, writes nothing and returns undefined.
 */
export async function storeVerified(
  run: Run,
  committed: SessionRow,
  idToken: string | undefined,
  verified: Pick<TokenRecord, "user" | "authTime" | "idTokenVerified">,
): Promise<SessionRow | undefined> {
  const { store } = run.ports;
  const current = await store.get(rowKey(run));
  if (!isLive(current, committed) || current.signature !== "pending") return committed;
  const record = await store.open(current.tokens);
  if (record.idToken !== idToken) return committed;
  const tokens = await store.seal({ ...record, ...verified });
  const isSame = (row: SessionRow | undefined): row is SessionRow =>
    isLive(row, current) && row.generation === current.generation;
  const row = await store.update(rowKey(run), (row) =>
    isSame(row) ? { ...withoutSignature(row), tokens } : NO_CHANGE,
  );
  return isSame(row) ? row : undefined;
}

function withoutSignature(row: SessionRow): SessionRow {
  const { signature: _, ...rest } = row;
  return rest;
}

/** Returns a copy of the row that has `end` and no tokens. So a single write ends the session and removes the tokens. */
function endedRow(row: SessionRow, end: SessionEnd): SessionRow {
  return {
    ...withoutSignature(row),
    attempt: null,
    end,
    renewable: false,
    access: {},
    tokens: null,
  };
}

function isStillOurs(
  row: SessionRow | undefined,
  { sessionId, generation, attempt }: ClaimedRow,
): row is ClaimedRow {
  return (
    isLive(row, { sessionId }) &&
    row.generation === generation &&
    row.attempt?.sequence === attempt.sequence
  );
}

/**
 * Returns whether the row belongs to the session `sessionId`, has not ended, and was not written by a newer version of
 * Latchkey.
 */
export function isLive(
  row: SessionRow | undefined,
  { sessionId }: Pick<SessionRow, "sessionId">,
): row is SessionRow {
  return row !== undefined && !isNewer(row) && !row.end && row.sessionId === sessionId;
}

/**
 * Calls `write` until the call succeeds, for as long as the page exists. The reason: the server sends each response only once,
 * so a response that is not stored is lost.
 * - If `write` throws an error that is not a StorageError, rejects with this error.
 * - After the first failure, calls `write` again at once.
 * - After the second failure, calls `onFailing`. `onFailing` is not called again after later failures.
 * - After the second and each later failure, pauses before the next call. If the page resumes, the pause ends early.
 */
export async function untilStored<T>(
  run: Run,
  write: () => Promise<T>,
  onFailing: () => Promise<void> = async () => {},
): Promise<T> {
  for (let sends = 0; ; sends++) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      run.failure = error;
      if (sends === 1) await onFailing();
      if (sends > 0) await pauseUntilInterrupted(run, backOff(run, undefined, sends), 0);
    }
  }
}
