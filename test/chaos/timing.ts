import { REFRESH_TIMING, type RefreshTiming } from "../../src/refresh/timing.ts";

/** `CHAOS=real`: the timing of production, and more tries. */
export const isReal = process.env["CHAOS"] === "real";

/** The timing of the tabs. Milliseconds. */
export const TIMING: RefreshTiming = isReal
  ? REFRESH_TIMING
  : {
      ...REFRESH_TIMING,
      requestMs: 2_000,
      permitMs: 400,
      tickMs: 200,
      takeoverMs: 3_000,
      drainMs: 600,
      releaseMs: 8_000,
      aliveAgeMs: 2_500,
      patienceMs: 15_000,
    };

/** The browser features that tabs can use to coordinate. */
export type Channels = "locks and messages" | "locks alone" | "messages alone";
/** All combinations of channels. */
export const CHANNELS: readonly Channels[] = [
  "locks and messages",
  "locks alone",
  "messages alone",
];

/** How long a surviving tab may be without a token. Milliseconds. */
export function patience(owner: "gone" | "stuck", channels: Channels): number {
  const { drainMs, takeoverMs, tickMs } = TIMING;
  const silence = channels === "locks alone" ? 2 * tickMs : 0;
  if (owner === "stuck") return takeoverMs + 3_000 + silence;
  if (channels === "messages alone") return takeoverMs + drainMs + 3_000;
  return drainMs + 2_000 + silence;
}

/** A response delay that gives a test time to act and causes no timeout. Milliseconds. */
export const RESPONSE_MS = TIMING.requestMs * 0.75;
