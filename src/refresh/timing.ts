import { ConfigurationError } from "../core/errors.ts";

/**
 * The times of the refresh protocol. All members are in milliseconds. A refresh that a tab stores in the session's row and then
 * sends is called an attempt. The tab that stored the attempt is the attempt's owner, and holds a lock.
 */
export interface RefreshTiming {
  /**
   * The longest time that a caller waits. After this time, the caller gets a TimeoutError, and the attempt goes on in the
   * background.
   */
  patienceMs: number;
  /**
   * If a token had already expired on arrival, callers get the same token again for this time. During this time, this tab sends
   * no other request for the same target.
   */
  bornExpiredMs: number;
  /** The first pause between two sends. */
  backOffBaseMs: number;
  /**
   * The longest pause between two sends while a caller waits in a visible page. If no caller waits in a visible page, a pause
   * can be as long as the lifetime of the token.
   */
  backOffCapMs: number;
  /** The timeout of a token request. */
  requestMs: number;
  /**
   * The time limit for storing an attempt. If the write takes longer, the owner stores a new attempt before it sends.
   */
  permitMs: number;
  /** The interval at which a waiting tab reads the row. */
  tickMs: number;
  /**
   * If the owner of an attempt does not respond for this time, a waiting tab takes over the attempt, although the owner still
   * holds its lock.
   */
  takeoverMs: number;
  /**
   * If `reuseLeewayMs` is less than `takeoverMs`, a waiting tab waits for this time instead of `takeoverMs`. The reason:
   * with so short a leeway, a second send of the same refresh token might end the session.
   */
  inDoubtMs: number;
  /**
   * If an owner's tab has closed, or the owner has released its lock, the owner's last request might still be in flight. So
   * another tab waits for this time before it sends.
   */
  drainMs: number;
  /**
   * If a pause would end this long after the owner's first send, or later, the owner releases its lock before the pause.
   */
  releaseMs: number;
  /**
   * If the timers of an owner have not run for this time, the waiting tabs treat the owner as not responding, even if it still
   * responds to messages.
   */
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
