import { WAKE_MS } from "../../src/refresh/pause.ts";
import { REFRESH_TIMING } from "../../src/refresh/timing.ts";
import { RESPONDS_IN_MS, isAway, type Outage } from "./outage.ts";
import { freshMs, pausesOf } from "./policy.ts";

/** One browser with one tab. Times are milliseconds on the simulation's clock. */
export interface Client {
  readonly isVisible: boolean;
  /** When the first token was issued. */
  readonly born: number;
  /** When the tab requests a token for the first time. It repeats this every `ASKS_EVERY_MS`. */
  readonly asksFrom: number;
}

/** How often a tab requests a token. Milliseconds. */
export const ASKS_EVERY_MS = 1_000;

/** The values that all clients of a run share: the token lifetime, the outage and the random numbers. */
export interface Conditions {
  readonly lifetimeMs: number;
  readonly outage: Outage;
  readonly until: number;
  readonly fraction: () => number;
}

/**
 * Models when a single tab sends: the coordinator without its ports. The pauses come from the coordinator's own functions, and
 * `model.test.ts` compares the rest with the real parts.
 */
export function clientModel(
  conditions: Conditions,
): (client: Client, sent: (at: number) => void) => void {
  const { lifetimeMs, outage, until, fraction } = conditions;
  const { drainMs, releaseMs } = REFRESH_TIMING;
  const fresh = freshMs(lifetimeMs);
  const [hidden, seen] = [false, true].map((isVisible) =>
    pausesOf(isVisible, lifetimeMs, fraction),
  );

  return ({ isVisible, born, asksFrom }, sent) => {
    const pauses = isVisible ? seen! : hidden!;
    let now = nextAsk(asksFrom, born + fresh);
    let sends = 0;
    // The first send of the lock's present holder.
    let firstSent = now;
    while (now < until) {
      sent(now);
      if (!isAway(outage, now)) {
        now = nextAsk(asksFrom, now + RESPONDS_IN_MS + fresh);
        sends = 0;
        firstSent = now;
        continue;
      }
      const failed = now + outage.failsInMs;
      const isUnknown = outage.response === "unknown";
      const leastMs = isUnknown ? Math.max(0, drainMs - outage.failsInMs) : 0;
      const full = pauses.backOff(sends++);
      const retryMs = outage.retryAfterMs?.(outage, failed);
      const ms = Math.max(leastMs, full, retryMs === undefined ? 0 : pauses.retryAfter(retryMs));
      const isReleased = failed - firstSent + ms >= releaseMs;
      // A pause after a network failure lasts at least `WAKE_MS`.
      now = failed + timer(isUnknown ? Math.max(ms, WAKE_MS) : ms);
      if (!isReleased) continue;
      now += timer(drainMs * (1 + fraction() / 4));
      firstSent = now;
    }
  };
}

/** Timers ignore fractions of a millisecond. */
function timer(ms: number): number {
  return Math.trunc(ms);
}

function nextAsk(asksFrom: number, now: number): number {
  return asksFrom + Math.ceil((now - asksFrom) / ASKS_EVERY_MS) * ASKS_EVERY_MS;
}
