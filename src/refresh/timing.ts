import { ConfigurationError } from "../core/errors.ts";

/**
 * The times of the refresh protocol. All members are in milliseconds. The refreshing tab is the tab that sends the refresh
 * token.
 */
export interface RefreshTiming {
  /**
   * The longest time that a caller waits for a token. After this time, the caller gets a TimeoutError, and the refresh
   * continues in the background.
   */
  patienceMs: number;
  /** If a token has already expired on arrival, this tab returns the token for this long before the tab refreshes again. */
  bornExpiredMs: number;
  /** The first pause between two requests with the refresh token. */
  backOffBaseMs: number;
  /** The longest pause between two requests with the refresh token, while a caller waits in a visible page. */
  backOffCapMs: number;
  /** The timeout of a token request. */
  requestMs: number;
  /**
   * Before a tab sends the refresh token, the tab writes to the stored session. If this write takes longer than `permitMs`, the
   * tab writes again.
   */
  permitMs: number;
  /** A tab that waits for another tab's refresh reads the stored session at this interval. */
  tickMs: number;
  /** If the refreshing tab does not respond for this long, a waiting tab refreshes instead. */
  takeoverMs: number;
  /**
   * Replaces `takeoverMs` if `reuseLeewayMs` is less than `takeoverMs`. The server might then end the session after a second
   * send of the same refresh token, so a waiting tab waits longer.
   */
  inDoubtMs: number;
  /**
   * If the refreshing tab closes, the last request of that tab might still be in flight. Another tab then waits for this time
   * before it sends the refresh token.
   */
  drainMs: number;
  /**
   * The longest time for which the refreshing tab keeps its lock, counted from its first request. Before a longer pause, the tab
   * releases the lock.
   */
  releaseMs: number;
  /** If the timers of the refreshing tab have not run for this long, the waiting tabs ignore the messages of that tab. */
  aliveAgeMs: number;
}

/** The default times of the refresh protocol, in milliseconds. */
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
 * Returns the members of `timing`, with defaults from `REFRESH_TIMING` for the missing members.
 * @throws ConfigurationError `takeoverMs` is so short that a tab could take over a refresh that is still in progress
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
