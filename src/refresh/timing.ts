import { ConfigurationError } from "../core/errors.ts";

/**
 * The times of the refresh protocol, in milliseconds. An attempt is a refresh that a tab stores in the session's row and then
 * sends. That tab is the attempt's owner, and holds a lock.
 */
export interface RefreshTiming {
  /** A caller that has waited this long gets a TimeoutError. The attempt goes on in the background. */
  patienceMs: number;
  /** After a token arrives that has already expired, this tab requests no other token for the same target for this long. */
  bornExpiredMs: number;
  /** The first pause between two sends. */
  backOffBaseMs: number;
  /**
   * The longest pause between two sends while a caller waits in a visible page. Otherwise the lifetime of the token is the
   * limit.
   */
  backOffCapMs: number;
  /** The timeout of a token request. */
  requestMs: number;
  /** An owner that needs longer than this to store its attempt stores the attempt once more before it sends. */
  permitMs: number;
  /** The interval at which a waiting tab reads the row. */
  tickMs: number;
  /**
   * If an owner does not respond for this long, a waiting tab takes over the attempt, although the owner still holds its lock.
   */
  takeoverMs: number;
  /** Replaces `takeoverMs` if `reuseLeewayMs` is less than `takeoverMs`, because then a second send might end the session. */
  inDoubtMs: number;
  /** After an owner has closed or lost its lock, its last request might still be in flight for this long. */
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
