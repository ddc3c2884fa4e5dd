import type { ServerFacts } from "./auth-error.ts";
import type { Refusal } from "./session.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** For how long nobody asks again after the first, the second, … refusal in a row. Milliseconds. */
const PAUSES: Readonly<Record<Refusal["meaning"], readonly number[]>> = {
  "user needed": [10 * MINUTE_MS, HOUR_MS],
  "wrong request": [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS],
  unexplained: [2_000, 30_000],
};

/** So many unexplained refusals, over so long at least, count as "user needed". */
const UNEXPLAINED = { count: 3, ms: MINUTE_MS };
/** Unexplained refusals that are older belong to another incident. */
const INCIDENT_MS = HOUR_MS;

/** The record of a refusal that just came. `before`: the record so far. `now`: milliseconds since the epoch. */
export function nextRefusal(
  before: Refusal | undefined,
  meaning: Refusal["meaning"],
  { error, errorDescription, status }: ServerFacts,
  now: number,
): Refusal {
  return {
    ...(error !== undefined && { error }),
    ...(errorDescription !== undefined && { errorDescription }),
    ...(status !== undefined && { status }),
    ...nextInRow(before, meaning, now),
    lastAt: now,
  };
}

/** For how long nobody asks again, in milliseconds. A clock that was set back ends the pause. */
export function remainingRefusalMs({ meaning, count, lastAt }: Refusal, now: number): number {
  const pauses = PAUSES[meaning];
  const pauseMs = pauses[Math.min(count, pauses.length) - 1]!;
  return now < lastAt ? 0 : Math.max(0, lastAt + pauseMs - now);
}

/** A stored refusal. Undefined when `value` is none, or is damaged. */
export function parseRefusal(value: unknown): Refusal | undefined {
  const refusal = value as Refusal | undefined;
  return typeof refusal === "object" &&
    refusal !== null &&
    Object.hasOwn(PAUSES, refusal.meaning) &&
    Number.isSafeInteger(refusal.count) &&
    refusal.count > 0 &&
    Number.isFinite(refusal.firstAt) &&
    Number.isFinite(refusal.lastAt)
    ? refusal
    : undefined;
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
    if (before.meaning === "user needed") {
      return { meaning: "user needed", count: count + 1, firstAt };
    }
    const isOver = now - before.lastAt > INCIDENT_MS || now < firstAt;
    if (before.meaning !== "unexplained" || isOver) return first;
    if (count + 1 >= UNEXPLAINED.count && now - firstAt >= UNEXPLAINED.ms) {
      return { meaning: "user needed", count: 1, firstAt: now };
    }
  }
  return before.meaning === meaning ? { meaning, count: count + 1, firstAt } : first;
}
