import type { ServerFacts } from "./auth-error.ts";
import type { Refusal } from "./session.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * The pauses after the server refused a request. During a pause, no tab repeats the refused request. Milliseconds. The first
 * number is the pause after the first refusal in a row, the second number is the pause after the second refusal, and so on. The
 * last number also applies to every further refusal.
 */
const PAUSES: Readonly<Record<Refusal["meaning"], readonly number[]>> = {
  "user needed": [10 * MINUTE_MS, HOUR_MS],
  "wrong request": [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS],
  unexplained: [2_000, 30_000],
};

/**
 * If the server refuses a request `count` times in a row without a known reason, and at least `ms` milliseconds have passed
 * since the first of these refusals, Latchkey assumes that a user is needed.
 */
const UNEXPLAINED = { count: 3, ms: MINUTE_MS };
/**
 * The longest time between two unexplained refusals that are counted together. Milliseconds. After a longer time, the count of
 * refusals starts again at 1.
 */
const INCIDENT_MS = HOUR_MS;

/**
 * Returns the record to store after a new refusal. `before` is the stored record of earlier refusals. `now`: milliseconds since
 * the epoch.
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
 * Returns for how long the refused request must not be repeated, from the time `now` on. Milliseconds. If the clock was set
 * back to a time before the last refusal, returns 0.
 */
export function remainingRefusalMs({ meaning, count, lastAt }: Refusal, now: number): number {
  const pauses = PAUSES[meaning];
  const pauseMs = pauses[Math.min(count, pauses.length) - 1]!;
  return now < lastAt ? 0 : Math.max(0, lastAt + pauseMs - now);
}

/** Validates a stored refusal. Returns undefined when there is none, or when it is damaged. */
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
