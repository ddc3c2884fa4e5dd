/** The code that is measured. */
export type Way = "latchkey" | "worker" | "minimum";

/** A message to all tabs: move the clock by `sleptMs`, so that the token expires, and get a new token. */
export interface WakeWord {
  readonly way: Way;
  readonly sleptMs: number;
}

/** A message from each tab. */
export interface WokenWord {
  /** When the tab had its token. Milliseconds on the machine's clock. */
  readonly at: number;
  /** `undefined` when the tab got no token. */
  readonly token: string | undefined;
}

/** The channel of the messages to all tabs. */
export const WAKE = "bench/wake";
/** Only the tab that measures listens to this channel, so that the other tabs do no extra work. */
export const WOKEN = "bench/woken";

/** A number of milliseconds: the worker moves its clock by this time, and responds on `SLEPT`. */
export const SLEEP = "bench/sleep";
export const SLEPT = "bench/slept";

/** The machine's clock: the same in all tabs, and not moved by `sleep()`. Milliseconds. */
export function machineNow(): number {
  return performance.timeOrigin + performance.now();
}
