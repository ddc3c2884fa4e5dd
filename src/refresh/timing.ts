import { ConfigurationError } from "../core/errors.ts";

/** The times of the refresh protocol. Milliseconds. */
export interface RefreshTiming {
  /** How long a caller waits before it gets a TimeoutError. The attempt goes on in the background. */
  patienceMs: number;
  /** If a token has already expired on arrival, this tab requests no other token for its target for this long. */
  bornExpiredMs: number;
  /** The first pause between two sends. */
  backOffBaseMs: number;
  /** The longest pause while a caller waits in a visible page. Otherwise pauses grow to the lifetime of the token. */
  backOffCapMs: number;
  /** The timeout of a token request. */
  requestMs: number;
  /** The longest time from the start of T1, which stores the attempt, to the send. A slower owner repeats T1 and then sends. */
  permitMs: number;
  /** The interval at which a waiting tab reads the row. */
  tickMs: number;
  /** If an owner is silent for this long, a waiting tab takes its attempt over, although the owner still holds its lock. */
  takeoverMs: number;
  /** The time that replaces `takeoverMs` at a server whose reuse leeway is less than `takeoverMs`. */
  inDoubtMs: number;
  /** How long a request might still be in flight after its owner has ended. */
  drainMs: number;
  /** An owner releases its lock before a pause that would end this long, or longer, after its first send. */
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
 * @throws ConfigurationError `takeoverMs` is so short that a tab could take over the attempt of an owner that is alive
 */
export function refreshTiming(timing: Partial<RefreshTiming> = {}): RefreshTiming {
  const all = { ...REFRESH_TIMING, ...timing };
  if (all.takeoverMs >= all.permitMs + all.requestMs + 3 * all.tickMs) return all;
  throw new ConfigurationError(
    "timing.takeoverMs",
    `${all.takeoverMs} is less than permitMs + requestMs + 3 * tickMs`,
    "Set takeoverMs to this sum or more. Otherwise a tab could take over a refresh that is still in progress.",
  );
}
