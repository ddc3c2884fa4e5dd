import type { GrantedAnswer, RefusedRefresh } from "../core/refresher.ts";
import {
  KEEP,
  type SessionAttempt,
  type SessionEnd,
  type SessionRow,
  type TokenRecord,
} from "../core/session.ts";
import { isNewer } from "../core/session-version.ts";
import { parseWantKey, wantKey, type WantKey } from "../core/want.ts";
import { shortestPause } from "./back-off.ts";
import type { Owner } from "./owner.ts";
import { standingRefusal, withoutRefusal, withRefusal } from "./refusals.ts";
import { rowKey, satisfying, tell, type Run } from "./run.ts";

/** A row that carries the attempt this tab just wrote into it. */
export type ClaimedRow = SessionRow & { att: SessionAttempt };

/**
 * T1: writes the attempt down before it is sent. Undefined when the row is no longer the one that was `seen`: then its
 * refresh token may have been used, or a token that satisfies may be there.
 */
export async function claimAttempt(
  run: Run,
  owner: Owner,
  seen: SessionRow,
  certain: boolean,
): Promise<ClaimedRow | undefined> {
  const attId = owner.id;
  const row = await run.ports.store.update(rowKey(run), (row) => {
    // A commit moves `gen` and leaves `seq`: without the compare of `gen` another want's tab would send a used token.
    if (!isLive(row, seen) || row.gen !== seen.gen || row.seq !== seen.seq) return KEEP;
    if (owner.isReleased || satisfying(run, row) !== undefined) return KEEP;
    const before = row.att;
    const now = run.ports.clock.now();
    // Another tab's request was refused since the row was read.
    if (!before && standingRefusal(row, run.need.want, now)) return KEEP;
    const tries = before ? before.tries + 1 : 0;
    const retryMs = shortestPause(run, tries);
    const att: SessionAttempt = {
      id: attId,
      seq: row.seq + 1,
      tab: run.tab,
      want: before?.want ?? run.need.want,
      n: before ? before.n + (certain ? 0 : 1) : 0,
      tries,
      // Also for the case that this page is gone before there is an answer.
      retryAt: now + retryMs,
      retryMs,
    };
    owner.claimed(row.sid, att.seq);
    return { ...row, seq: att.seq, att };
  });
  return isClaimedBy(attId, seen.seq + 1, row) ? row : undefined;
}

function isClaimedBy(attId: string, seq: number, row: SessionRow | undefined): row is ClaimedRow {
  return row?.att?.id === attId && row.att.seq === seq;
}

/**
 * T2: stores the answer, as often as it is called. Undefined when the attempt was overtaken, or its session is not there any
 * more. A server without any leeway has ended the session if a later send of the same token met it; then a late answer
 * cannot do harm.
 */
export function commitAnswer(
  run: Run,
  claimed: ClaimedRow,
  answer: GrantedAnswer,
): () => Promise<SessionRow | undefined> {
  const { store } = run.ports;
  let current: SessionRow = claimed;
  // Once for all tries of a write that fails: in memory mode there is room for a few.
  let sealed: { tokens: unknown } | undefined;
  const seal = async () => {
    const record = mergeAnswer(await store.open(current.tokens), claimed.att.want, answer);
    return { tokens: await store.seal(record) };
  };
  return async () => {
    for (;;) {
      const { gen, signature } = current;
      const { tokens } = (sealed ??= await seal());
      const row = await store.update(rowKey(run), (row) =>
        // A pending signature may have been validated while this answer was on its way.
        mayCommit(run, row, claimed) && row.gen === gen && row.signature === signature
          ? answeredRow(run, row, claimed, answer, tokens)
          : KEEP,
      );
      // By this write, or by one that was reported as failed.
      if (row && hasAnswer(row, claimed)) return row;
      if (!mayCommit(run, row, claimed)) return undefined;
      current = row;
      sealed = undefined;
    }
  };
}

/** The row as it would be, for callers whose store fails. */
export async function mergedRow(
  run: Run,
  claimed: ClaimedRow,
  answer: GrantedAnswer,
): Promise<SessionRow> {
  const { store } = run.ports;
  const record = mergeAnswer(await store.open(claimed.tokens), claimed.att.want, answer);
  return answeredRow(run, claimed, claimed, answer, await store.seal(record));
}

function answeredRow(
  run: Run,
  row: SessionRow,
  { att: { want, seq } }: ClaimedRow,
  answer: GrantedAnswer,
  tokens: unknown,
): SessionRow {
  const gen = row.gen + 1;
  const stored = { ...row, gen, cseq: seq, att: row.att?.seq === seq ? null : row.att, tokens };
  if (answer.type === "unusable") {
    const { status } = answer.cause;
    // The next response may be right again, so the pause is short at first.
    const refusal = { meaning: "unexplained", facts: { status } } as const;
    return withRefusal(stored, want, refusal, run.ports.clock.now());
  }
  const { expiresAt, scope, idToken } = answer.tokens;
  const entry = {
    gen,
    expiresAt,
    scope: scope ?? row.access[want]?.scope ?? assumedScope(row, want),
    lifeMs: Math.max(0, expiresAt - run.ports.clock.now()),
  };
  return {
    ...withoutRefusal(stored, want),
    ...(idToken !== undefined && { signature: "pending" }),
    access: { ...row.access, [want]: entry },
  };
}

function mayCommit(
  { reuseLeewayMs }: Run,
  row: SessionRow | undefined,
  claimed: ClaimedRow,
): row is SessionRow {
  const { seq } = claimed.att;
  return isLive(row, claimed) && seq > row.cseq && (row.att?.seq === seq || reuseLeewayMs === 0);
}

function hasAnswer(row: SessionRow, { sid, att }: ClaimedRow): boolean {
  return row.sid === sid && row.cseq === att.seq && !row.end;
}

/** T3: ends the session by what the server answered. Undefined when the answer was about an older token. */
export async function endSession(
  run: Run,
  claimed: ClaimedRow,
  end: Pick<SessionEnd, "why" | "claim">,
): Promise<SessionRow | undefined> {
  const { seq } = claimed.att;
  const row = await run.ports.store.update(rowKey(run), (row) =>
    isStillOurs(row, claimed) ? endedRow(row, { ...end, seq }) : KEEP,
  );
  return row?.sid === claimed.sid && row.end?.seq === seq ? row : undefined;
}

/** Replaces the attempt by the server's refusal of its target. Undefined when the attempt was not there any more. */
export async function storeRefusal(
  run: Run,
  claimed: ClaimedRow,
  answer: RefusedRefresh,
): Promise<SessionRow | undefined> {
  let wasOurs = false;
  const row = await run.ports.store.update(rowKey(run), (row) => {
    const isOurs = isStillOurs(row, claimed);
    wasOurs = isOurs;
    if (!isOurs) return KEEP;
    return withRefusal({ ...row, att: null }, claimed.att.want, answer, run.ports.clock.now());
  });
  return wasOurs ? row : undefined;
}

/** Stores for how long the server wants to be left alone, for whoever follows the attempt. */
export async function storePause(run: Run, claimed: ClaimedRow, retryMs: number): Promise<void> {
  const { store, clock } = run.ports;
  await store.update(rowKey(run), (row) =>
    isStillOurs(row, claimed)
      ? { ...row, att: { ...row.att, retryAt: clock.now() + retryMs, retryMs } }
      : KEEP,
  );
}

/**
 * Ends the session for an ID token that is stored and invalid, unless a tab has found another one valid since. True when
 * the session has ended so.
 */
export async function endByIdToken(
  run: Run,
  committed: SessionRow,
  claim: string,
): Promise<boolean> {
  const end = { why: "id_token", seq: committed.cseq } as const;
  const row = await run.ports.store.update(rowKey(run), (row) =>
    isLive(row, committed) && row.signature === "pending" ? endedRow(row, { ...end, claim }) : KEEP,
  );
  if (row?.sid !== committed.sid || row.end?.why !== "id_token") return false;
  tell(run, row.sid, { t: "ended", ...end });
  return true;
}

/**
 * Stores what a valid ID token says and gives the row as it then is, or `committed` when that has no use any more.
 * Undefined: an answer came in between, try again.
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
    isLive(row, current) && row.gen === current.gen;
  const row = await store.update(rowKey(run), (row) =>
    isSame(row) ? { ...withoutSignature(row), tokens } : KEEP,
  );
  return isSame(row) ? row : undefined;
}

function withoutSignature(row: SessionRow): SessionRow {
  const { signature: _, ...rest } = row;
  return rest;
}

/** Every write of `end` removes the tokens with it. */
function endedRow(row: SessionRow, end: SessionEnd): SessionRow {
  return { ...withoutSignature(row), att: null, end, renewable: false, access: {}, tokens: null };
}

function isStillOurs(
  row: SessionRow | undefined,
  { sid, gen, att }: ClaimedRow,
): row is ClaimedRow {
  return isLive(row, { sid }) && row.gen === gen && row.att?.seq === att.seq;
}

/** The same login's session, not ended, and not of a newer version. */
function isLive(row: SessionRow | undefined, { sid }: Pick<SessionRow, "sid">): row is SessionRow {
  return row !== undefined && !isNewer(row) && !row.end && row.sid === sid;
}

/** What a server grants that does not say: what was asked, or as at login. @see RFC 6749 section 5.1 */
function assumedScope(row: SessionRow, want: WantKey): string[] {
  const { scope } = parseWantKey(want);
  return scope.length > 0 ? [...scope] : (row.access[wantKey({})]?.scope ?? []);
}

function mergeAnswer(record: TokenRecord, want: WantKey, answer: GrantedAnswer): TokenRecord {
  const { refreshToken } = answer.type === "tokens" ? answer.tokens : answer;
  const merged = { ...record, ...(refreshToken !== undefined && { refreshToken }) };
  if (answer.type === "unusable") return merged;
  const { accessToken, tokenType, idToken } = answer.tokens;
  return {
    ...merged,
    ...(idToken !== undefined && { idToken, idTokenVerified: false }),
    access: { ...record.access, [want]: { token: accessToken, tokenType } },
  };
}
