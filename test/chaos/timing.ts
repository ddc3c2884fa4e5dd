import { REFRESH_TIMING, type RefreshTiming } from "../../src/refresh/timing.ts";

/** `CHAOS=real`: the constants that people get, and more tries. */
export const isReal = process.env["CHAOS"] === "real";

/** Milliseconds. */
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

/** What the tabs have to agree by. */
export type Channels = "locks and messages" | "locks alone" | "messages alone";
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

/** An answer that is on its way for so long gives time to act, and is no timeout. Milliseconds. */
export const RESPONSE_MS = TIMING.requestMs * 0.75;
