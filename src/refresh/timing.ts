import { ConfigurationError } from "../core/errors.ts";

/** Milliseconds. */
export interface RefreshTiming {
  /** How long a caller waits before a TimeoutError; the attempt goes on. */
  patienceMs: number;
  /** After an answer that had already expired this tab does not ask for that want again for so long. */
  bornExpiredMs: number;
  backOffBaseMs: number;
  /** While somebody who can see the page waits; otherwise pauses grow to the life of the token. */
  backOffCapMs: number;
  /** The longest a request may take. */
  requestMs: number;
  /** From the begin of T1 to the send: an owner that was slower has lost its permit. */
  permitMs: number;
  /** How often a waiter looks. */
  tickMs: number;
  /** After so long a silence a sent attempt is taken over although its lock is held. */
  takeoverMs: number;
  /** The same at a server that forgives a second use for less than `takeoverMs`. */
  inDoubtMs: number;
  /** For the ghost of a dead owner's request. */
  drainMs: number;
  /** After so long an owner gives its lock away. */
  releaseMs: number;
  /** An owner whose timers have not run for longer is not alive. */
  aliveAgeMs: number;
}

export const REFRESH_TIMING: RefreshTiming = {
  patienceMs: 30_000,
  bornExpiredMs: 10_000,
  backOffBaseMs: 300,
  backOffCapMs: 30_000,
  requestMs: 15_000,
  permitMs: 2_000,
  tickMs: 1_000,
  takeoverMs: 20_000,
  inDoubtMs: 300_000,
  drainMs: 2_000,
  releaseMs: 60_000,
  aliveAgeMs: 65_000,
};

/** What is not given is as in `REFRESH_TIMING`. @throws ConfigurationError a take-over could overtake a living owner */
export function refreshTiming(timing: Partial<RefreshTiming> = {}): RefreshTiming {
  const all = { ...REFRESH_TIMING, ...timing };
  if (all.takeoverMs >= all.permitMs + all.requestMs + 3 * all.tickMs) return all;
  throw new ConfigurationError(
    "timing.takeoverMs",
    "less than permitMs + requestMs + 3 tickMs",
    "Give a longer takeoverMs.",
  );
}
