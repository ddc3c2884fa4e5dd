import { ConfigurationError } from "../core/errors.ts";

/** The times of the refresh protocol. Milliseconds. */
export interface RefreshTiming {
  /** How long a caller waits before its TimeoutError. The attempt goes on. */
  patienceMs: number;
  /** How long this tab requests no other token for a target whose token expired on arrival. */
  bornExpiredMs: number;
  /** The first pause between two sends. */
  backOffBaseMs: number;
  /** The longest pause while a caller waits in a visible page. Otherwise pauses grow to the lifetime of the token. */
  backOffCapMs: number;
  /** The longest time that a request may take. */
  requestMs: number;
  /** The longest time from the start of T1 to the send. A slower owner repeats T1. */
  permitMs: number;
  /** How often a waiting tab reads the row. */
  tickMs: number;
  /** The attempt of an owner that is silent for this long is taken over, although its lock is held. */
  takeoverMs: number;
  /** The same at a server whose reuse leeway is less than `takeoverMs`. */
  inDoubtMs: number;
  /** How long a request of an ended owner may still be in flight. */
  drainMs: number;
  /** How long an owner may hold its lock after its first send. */
  releaseMs: number;
  /** An owner whose timers have not run for this long does not count as alive. */
  aliveAgeMs: number;
}

/** The default times. */
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

/**
 * Returns `REFRESH_TIMING` with the given times in place of the defaults.
 * @throws ConfigurationError a tab could take over the attempt of an owner that is alive
 */
export function refreshTiming(timing: Partial<RefreshTiming> = {}): RefreshTiming {
  const all = { ...REFRESH_TIMING, ...timing };
  if (all.takeoverMs >= all.permitMs + all.requestMs + 3 * all.tickMs) return all;
  throw new ConfigurationError(
    "timing.takeoverMs",
    `${all.takeoverMs} is less than permitMs + requestMs + 3 * tickMs`,
    "Set a longer takeoverMs.",
  );
}
