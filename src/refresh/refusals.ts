import { userNeededError } from "../core/refusal.ts";
import {
  NoTokenError,
  RequestTokenError,
  type AuthError,
  type ServerFacts,
} from "../core/errors.ts";
import type { RefusedRefresh } from "../core/refresher.ts";
import type { Refusal, SessionRow } from "../core/session.ts";
import { USUAL_WANT, type WantKey } from "../core/want.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** For how long no tab asks again after the first, the second, … refusal in a row. Milliseconds. */
const PAUSES: Readonly<Record<Refusal["meaning"], readonly number[]>> = {
  "user needed": [10 * MINUTE_MS, HOUR_MS],
  "wrong request": [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS],
  unexplained: [2_000, 30_000],
};

/** So many unexplained refusals, over so long at least, count as "user needed". */
const UNEXPLAINED = { count: 3, ms: MINUTE_MS };
/** Unexplained refusals that are older belong to another incident. */
const INCIDENT_MS = HOUR_MS;

/** A refusal that still stands: until it ends, no tab asks for the target. */
export interface StandingRefusal {
  readonly refusal: Refusal;
  /** The default target's refusal stands for every target. */
  readonly want: WantKey;
  readonly leftMs: number;
}

/** Records a refusal of a target in the row. Use it inside of a transaction. `now`: milliseconds since the epoch. */
export function withRefusal(
  row: SessionRow,
  want: WantKey,
  { meaning, facts }: Pick<RefusedRefresh, "meaning" | "facts">,
  now: number,
): SessionRow {
  const { error, errorDescription, status } = facts;
  const refusal = {
    ...(error !== undefined && { error }),
    ...(errorDescription !== undefined && { errorDescription }),
    ...(status !== undefined && { status }),
    ...nextInRow(row.refusals?.[want], meaning, now),
    lastAt: now,
  };
  return { ...row, refusals: { ...row.refusals, [want]: refusal } };
}

/** The row after a refresh of the target succeeded. */
export function withoutRefusal(row: SessionRow, want: WantKey): SessionRow {
  if (!row.refusals?.[want]) return row;
  const { [want]: _, ...refusals } = row.refusals;
  return { ...row, refusals };
}

/** The refusal because of which the target is not asked for now. */
export function standingRefusal(
  row: SessionRow,
  want: WantKey,
  now: number,
): StandingRefusal | undefined {
  for (const target of new Set([USUAL_WANT, want])) {
    const refusal = row.refusals?.[target];
    if (!refusal || (target !== want && refusal.meaning !== "user needed")) continue;
    const leftMs = pauseLeft(refusal, now);
    if (leftMs > 0) return { refusal, want: target, leftMs };
  }
  return undefined;
}

/**
 * What callers are told. A target of its own that needs the user gives a NoTokenError, because a login for this target helps
 * and the session stands.
 */
export function refusalError({ refusal, want }: StandingRefusal): AuthError {
  const isUserNeeded = refusal.meaning === "user needed";
  if (isUserNeeded && want === USUAL_WANT) return userNeededError(refusal);
  const refused = requestError(refusal);
  return isUserNeeded
    ? new NoTokenError("the server asks for the user before it gives this token", refused)
    : refused;
}

export function requestError({ error, errorDescription, status }: ServerFacts): RequestTokenError {
  return new RequestTokenError("the authorization server refused this token", {
    error,
    errorDescription,
    status,
    hint: "Ask for a scope, resource or audience that this client may have; the session stands.",
  });
}

function nextInRow(
  before: Refusal | undefined,
  meaning: Refusal["meaning"],
  now: number,
): Pick<Refusal, "meaning" | "count" | "firstAt"> {
  const first = { meaning, count: 1, firstAt: now };
  if (!before) return first;
  const { count, firstAt } = before;
  if (meaning === "unexplained") {
    if (before.meaning === "user needed")
      return { meaning: "user needed", count: count + 1, firstAt };
    const isOver = now - before.lastAt > INCIDENT_MS || now < firstAt;
    if (before.meaning !== "unexplained" || isOver) return first;
    if (count + 1 >= UNEXPLAINED.count && now - firstAt >= UNEXPLAINED.ms)
      return { meaning: "user needed", count: 1, firstAt: now };
  }
  return before.meaning === meaning ? { meaning, count: count + 1, firstAt } : first;
}

/** A wall clock that was set back ends a pause: it must not make one longer. */
function pauseLeft({ meaning, count, lastAt }: Refusal, now: number): number {
  const pauses = PAUSES[meaning];
  const ms = pauses[Math.min(count, pauses.length) - 1]!;
  return now < lastAt ? 0 : Math.max(0, lastAt + ms - now);
}
