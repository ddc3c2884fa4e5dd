import { ConfigurationError } from "../core/errors.ts";
import { onAbort } from "../core/on-abort.ts";
import type { Clock } from "../core/ports.ts";

/** A caller of `sleep()` that waits. `due`: time of the monotonic clock. Milliseconds. */
interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/**
 * A clock that only a test moves. Pass the clock to `fakeProvider()`, or to each part of Latchkey that takes a `Clock`.
 * @example
 * const clock = new ManualClock();
 * const slept = clock.sleep(60_000);
 * clock.advance(60_000);
 * await slept;
 */
export class ManualClock implements Clock {
  #wall: number;
  #monotonic = 0;
  #sleepers: Sleeper[] = [];

  /**
   * @param start the first time of the wall clock. Milliseconds since the epoch. Default: the platform's time at this call
   * @throws ConfigurationError `start` is no number
   */
  constructor(start: number = Date.now()) {
    checkTime("start", start);
    this.#wall = start;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** Resolves when `advance()` has moved the clock by `ms` milliseconds. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (ms <= 0) return;
    await new Promise<void>((resolve, reject) => {
      const end = () => {
        forget?.();
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
      };
      const sleeper: Sleeper = {
        due: this.#monotonic + ms,
        wake: () => {
          end();
          resolve();
        },
      };
      this.#sleepers.push(sleeper);
      const forget =
        signal &&
        onAbort(signal, () => {
          end();
          reject(signal.reason as Error);
        });
    });
  }

  /**
   * Moves the clock forward by `ms` milliseconds, and wakes each sleeper whose time has come, the earliest first. Work that a
   * sleeper starts runs after this call.
   * @throws ConfigurationError `ms` is negative or no number
   */
  advance(ms: number): void {
    if (!(ms >= 0)) {
      throw new ConfigurationError(
        "ms",
        "the clock can only move forward",
        "Give a number of milliseconds, 0 or more. setWall() can set the wall clock back.",
      );
    }
    const due = this.#sleepers
      .filter((sleeper) => sleeper.due <= this.#monotonic + ms)
      .sort((one, other) => one.due - other.due);
    this.#wall += ms;
    this.#monotonic += ms;
    for (const { wake } of due) wake();
  }

  /**
   * Sets only the wall clock, as a user or the operating system does. `now`: milliseconds since the epoch. The monotonic clock
   * and all sleepers are not affected.
   * @throws ConfigurationError `now` is no number
   */
  setWall(now: number): void {
    checkTime("now", now);
    this.#wall = now;
  }
}

function checkTime(input: string, time: number): void {
  if (Number.isFinite(time)) return;
  throw new ConfigurationError(
    input,
    "it is no time",
    "Give a number of milliseconds since the epoch.",
  );
}
