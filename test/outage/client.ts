import { WAKE_MS } from "../../src/refresh/pause.ts";
import { REFRESH_TIMING } from "../../src/refresh/timing.ts";
import { RESPONDS_IN_MS, isAway, type Outage } from "./outage.ts";
import { freshMs, pausesOf } from "./policy.ts";

/** One browser with one tab. Milliseconds, on the simulation's clock. */
export interface Client {
  readonly isVisible: boolean;
  /** When its first token was born. */
  readonly born: number;
  /** It asks for a token now, and from then on every `ASKS_EVERY_MS`. */
  readonly asksFrom: number;
}

export const ASKS_EVERY_MS = 1_000;

/** All clients of one kind: the same token life, the same outage, one source of random numbers. */
export interface Conditions {
  readonly lifetimeMs: number;
  readonly outage: Outage;
  readonly until: number;
  readonly fraction: () => number;
}

/**
 * When one tab alone sends: the coordinator's way without the ports. Its pauses are the coordinator's own, and `model.test.ts`
 * holds the rest to what the real parts do.
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
    // Of the lock's present holder.
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
      const told = outage.retryAfterMs?.(outage, failed);
      const ms = Math.max(leastMs, full, told === undefined ? 0 : pauses.retryAfter(told));
      const isReleased = failed - firstSent + ms >= releaseMs;
      // Who may be woken by the network waits no shorter than a woken one.
      now = failed + timer(isUnknown ? Math.max(ms, WAKE_MS) : ms);
      if (!isReleased) continue;
      now += timer(drainMs * (1 + fraction() / 4));
      firstSent = now;
    }
  };
}

/** Timers drop the fraction of a millisecond. */
function timer(ms: number): number {
  return Math.trunc(ms);
}

function nextAsk(asksFrom: number, now: number): number {
  return asksFrom + Math.ceil((now - asksFrom) / ASKS_EVERY_MS) * ASKS_EVERY_MS;
}
