import { LONGEST_TIMER_MS, type Clock } from "../../core/ports.ts";
import type { CachedToken } from "./cached-token.ts";

/** Waits until a token expires that only a login can replace. The state can then change although the app calls nothing. */
export class TokenEnd {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  #waiting: AbortController | undefined;

  constructor(clock: Clock, onEnd: () => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** Waits for the end of `cached`, and no longer for the end of an earlier token. */
  watch(cached: CachedToken | undefined): void {
    this.#waiting?.abort();
    const leftMs = cached ? cached.endMonotonic - this.#clock.monotonic() : 0;
    if (!cached || cached.summary.isRenewable || leftMs <= 0) return;
    this.#waiting = new AbortController();
    const { signal } = this.#waiting;
    this.#clock.sleep(Math.min(leftMs, LONGEST_TIMER_MS), signal).then(this.#onEnd, () => {});
  }
}
