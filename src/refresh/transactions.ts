import type { RefreshedTokens } from "../core/refresher.ts";
import {
  KEEP,
  type SessionAttempt,
  type SessionEnd,
  type SessionRow,
  type TokenRecord,
} from "../core/session.ts";
import { parseWantKey, type WantKey } from "../core/want.ts";
import { rowKey, type Run } from "./run.ts";

/** A row that carries the attempt this tab just wrote into it. */
export type ClaimedRow = SessionRow & { att: SessionAttempt };

/**
 * T1: writes the attempt down before it is sent. Undefined when the row is no longer the one that was `seen`: then its
 * refresh token may have been used, or a token that satisfies may be there.
 */
export async function claimAttempt(
  run: Run,
  attId: string,
  seen: SessionRow,
  certain: boolean,
): Promise<ClaimedRow | undefined> {
  const row = await run.ports.store.update(rowKey(run), (row) => {
    // A commit moves `gen` and leaves `seq`: without the compare of `gen` another want's tab would send a used token.
    if (!row || row.end || row.sid !== seen.sid || row.gen !== seen.gen || row.seq !== seen.seq)
      return KEEP;
    const before = row.att;
    const att: SessionAttempt = {
      id: attId,
      seq: row.seq + 1,
      tab: run.tab,
      want: before?.want ?? run.need.want,
      n: before ? before.n + (certain ? 0 : 1) : 0,
      tries: before ? before.tries + 1 : 0,
    };
    return { ...row, seq: att.seq, att };
  });
  return isClaimedBy(attId, seen.seq + 1, row) ? row : undefined;
}

function isClaimedBy(attId: string, seq: number, row: SessionRow | undefined): row is ClaimedRow {
  return row?.att?.id === attId && row.att.seq === seq;
}

/** T2: stores the answer. Undefined when the attempt was overtaken, or its session is not there any more. */
export async function commitAnswer(
  run: Run,
  claimed: ClaimedRow,
  record: TokenRecord,
  answer: RefreshedTokens,
): Promise<SessionRow | undefined> {
  const { store } = run.ports;
  const want = claimed.att.want;
  const tokens = await store.seal(mergeAnswer(record, want, answer));
  const row = await store.update(rowKey(run), (row) => {
    if (!isStillOurs(row, claimed)) return KEEP;
    const entry = {
      gen: row.gen + 1,
      expiresAt: answer.expiresAt,
      scope: answer.scope ?? row.access[want]?.scope ?? [...parseWantKey(want).scope],
    };
    return {
      ...row,
      gen: entry.gen,
      cseq: claimed.att.seq,
      att: null,
      access: { ...row.access, [want]: entry },
      tokens,
    };
  });
  return row?.sid === claimed.sid && row.cseq === claimed.att.seq ? row : undefined;
}

/** T3: ends the session by the server's word. Undefined when that word was about an older token. */
export async function endSession(
  run: Run,
  claimed: ClaimedRow,
  why: Exclude<SessionEnd["why"], "signed_out">,
): Promise<SessionRow | undefined> {
  const row = await run.ports.store.update(rowKey(run), (row) =>
    isStillOurs(row, claimed) ? endedRow(row, { why, seq: claimed.att.seq }) : KEEP,
  );
  return row?.end?.seq === claimed.att.seq ? row : undefined;
}

/** Takes the attempt out of the row, the session stands: this want was refused. */
export async function dropAttempt(run: Run, claimed: ClaimedRow): Promise<void> {
  await run.ports.store.update(rowKey(run), (row) =>
    isStillOurs(row, claimed) ? { ...row, att: null } : KEEP,
  );
}

/** The ID token of a committed answer was judged; nothing that was committed since is touched. */
export async function settleIdToken(
  run: Run,
  committed: SessionRow,
  change: (row: SessionRow) => SessionRow,
): Promise<SessionRow | undefined> {
  return run.ports.store.update(rowKey(run), (row) =>
    row && !row.end && row.sid === committed.sid && row.gen === committed.gen ? change(row) : KEEP,
  );
}

/** Every write of `end` removes the tokens with it. */
export function endedRow(row: SessionRow, end: SessionEnd): SessionRow {
  return { ...row, att: null, end, renewable: false, access: {}, tokens: null };
}

function isStillOurs(
  row: SessionRow | undefined,
  { sid, gen, att }: ClaimedRow,
): row is SessionRow {
  return (
    row !== undefined && !row.end && row.sid === sid && row.gen === gen && row.att?.seq === att.seq
  );
}

function mergeAnswer(record: TokenRecord, want: WantKey, answer: RefreshedTokens): TokenRecord {
  return {
    ...record,
    ...(answer.refreshToken !== undefined && { refreshToken: answer.refreshToken }),
    ...(answer.idToken !== undefined && { idToken: answer.idToken, idTokenVerified: false }),
    access: {
      ...record.access,
      [want]: { token: answer.accessToken, tokenType: answer.tokenType },
    },
  };
}
