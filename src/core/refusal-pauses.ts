import type { ServerFacts } from "./auth-error.ts";
import type { Refusal } from "./session.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * The pauses after refused requests, by the meaning of the refusal. Milliseconds. The first number is the pause after the first
 * refusal in a row, and so on. After further refusals, the last number applies.
 */
const PAUSES: Readonly<Record<Refusal["meaning"], readonly number[]>> = {
  "user needed": [10 * MINUTE_MS, HOUR_MS],
  "wrong request": [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS],
  unexplained: [2_000, 30_000],
};

/**
 * Latchkey assumes that the user must log in after `count` unexplained refusals in a row. At least `ms` milliseconds must lie
 * between the first and the last of these refusals.
 */
const UNEXPLAINED = { count: 3, ms: MINUTE_MS };
/** If more time than this lies between two unexplained refusals, the count of refusals starts again at 1. Milliseconds. */
const INCIDENT_MS = HOUR_MS;

/**
 * Returns the record to store after the server has refused a request. `before`: the stored record of earlier refusals. `now`:
 * milliseconds since the epoch.
 */
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

/**
 * Returns the remaining pause before the refused request is repeated. Milliseconds. If the clock was set back to a time before
 * the last refusal, returns 0.
 */
export function remainingRefusalMs({ meaning, count, lastAt }: Refusal, now: number): number {
  const pauses = PAUSES[meaning];
  const pauseMs = pauses[Math.min(count, pauses.length) - 1]!;
  return now < lastAt ? 0 : Math.max(0, lastAt + pauseMs - now);
}

/** Parses the stored record of refusals. Returns undefined if the record is missing or damaged. */
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
