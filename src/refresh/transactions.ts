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

/** A session row with the refresh attempt that this tab has stored. */
export type ClaimedRow = SessionRow & { attempt: SessionAttempt };

/**
 * Stores a refresh attempt in the session row before this tab sends the refresh token. Returns the new row. If the session has
 * changed since `seen` was read, or if a refresh is unnecessary or not allowed, stores nothing and returns undefined.
 * @param certain true if the refresh attempt in `seen` certainly did not use up the refresh token
 */
export async function claimAttempt(
  run: Run,
  owner: Owner,
  seen: SessionRow,
  certain: boolean,
): Promise<ClaimedRow | undefined> {
  const attemptId = owner.id;
  const row = await run.ports.store.update(rowKey(run), (row) => {
    // Compare `generation` too, because a stored response changes `generation` but not `sequence`. Without this comparison,
    // this tab could send a refresh token that another tab has already used.
    if (!isLive(row, seen) || row.generation !== seen.generation || row.sequence !== seen.sequence)
      return NO_CHANGE;
    if (owner.isReleased || satisfying(run, row) !== undefined) return NO_CHANGE;
    const before = row.attempt;
    const now = run.ports.clock.now();
    // The server has recently refused the same request, so this tab does not repeat the request.
    if (!before && currentRefusal(row, run.need.target, now)) return NO_CHANGE;
    const sends = before ? before.sends + 1 : 0;
    const retryMs = shortestPause(run, sends);
    const attempt: SessionAttempt = {
      id: attemptId,
      sequence: row.sequence + 1,
      tab: run.tab,
      target: before?.target ?? run.need.target,
      uncertainSends: before ? before.uncertainSends + (certain ? 0 : 1) : Number(!!row.uncertain),
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
 * Ends the session because of the server's response to a refresh, and returns the new row. If the refresh attempt in `claimed`
 * is no longer stored, changes nothing and returns undefined.
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
 * Stores that the server refused to issue the requested token, and removes the refresh attempt from the session row. Returns
 * the new row. If the attempt is no longer stored, changes nothing and returns undefined.
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
      {
        ...row,
        attempt: null,
        ...(claimed.attempt.uncertainSends > 0 && { uncertain: true }),
      },
      claimed.attempt.target,
      response,
      run.ports.clock.now(),
    );
  });
  return wasOurs ? row : undefined;
}

/**
 * Stores the pause that the server requested with `Retry-After`, so that the other tabs wait too. `retryMs`: the length of the
 * pause in milliseconds.
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
 * Ends the session because of an invalid ID token. If another tab has meanwhile validated the ID token, changes nothing.
 * Returns whether the session has ended because of an invalid ID token.
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
 * Stores that the signature of `idToken` is valid, and returns the new session row. `verified`: the values to store with the
 * tokens. If there is nothing to store, returns `committed`. If the session changes before the write, returns undefined.
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
 * Returns whether the session `sessionId` is stored in the row, has not ended, and was not written by a newer version of
 * Latchkey.
 */
export function isLive(
  row: SessionRow | undefined,
  { sessionId }: Pick<SessionRow, "sessionId">,
): row is SessionRow {
  return row !== undefined && !isNewer(row) && !row.end && row.sessionId === sessionId;
}

/**
 * Repeats `write` until `write` succeeds, because a response that is not stored is lost. After the second failure, calls
 * `onFailing` once. If `write` throws an error that is not a StorageError, rejects with this error.
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
