/** What is measured. */
export type Way = "latchkey" | "minimum";

/** To all tabs: the clock has gone on, and everybody needs a token. */
export interface WakeWord {
  readonly way: Way;
  readonly sleptMs: number;
}

/** From each tab. */
export interface WokenWord {
  /** When it had its token, in milliseconds on the machine's clock. */
  readonly at: number;
  /** Undefined when it got none. */
  readonly token: string | undefined;
}

export const WAKE = "bench/wake";
/** Heard by the one who wakes the others only, so that no tab has more to do than to speak. */
export const WOKEN = "bench/woken";

/** The same in all tabs, and not moved on. */
export function machineNow(): number {
  return performance.timeOrigin + performance.now();
}
