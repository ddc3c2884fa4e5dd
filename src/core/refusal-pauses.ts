import type { ServerFacts } from "./auth-error.ts";
import type { Refusal } from "./session.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The pause after the first, the second, … refusal in a row, in which no tab repeats the request. Milliseconds. */
const PAUSES: Readonly<Record<Refusal["meaning"], readonly number[]>> = {
  "user needed": [10 * MINUTE_MS, HOUR_MS],
  "wrong request": [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS],
  unexplained: [2_000, 30_000],
};

/** This many unexplained refusals, over at least this time, count as "user needed". */
const UNEXPLAINED = { count: 3, ms: MINUTE_MS };
/** Older unexplained refusals belong to another incident. Milliseconds. */
const INCIDENT_MS = HOUR_MS;

/** Returns the record after a new refusal. `before`: the record before it. `now`: milliseconds since the epoch. */
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

/** Returns the remaining pause. Milliseconds. A clock that was set back ends the pause. */
export function remainingRefusalMs({ meaning, count, lastAt }: Refusal, now: number): number {
  const pauses = PAUSES[meaning];
  const pauseMs = pauses[Math.min(count, pauses.length) - 1]!;
  return now < lastAt ? 0 : Math.max(0, lastAt + pauseMs - now);
}

/** Parses a stored refusal. Returns undefined when there is none, or when it is damaged. */
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
