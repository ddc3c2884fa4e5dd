import { abortable } from "../../core/abortable.ts";
import type { Clock, Random } from "../../core/ports.ts";

/**
 * The clock and the timers of the platform. Each call looks up the global function again, so that fake timers in tests work.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const slept = new Promise<void>((resolve) => {
      signal?.throwIfAborted();
      timer = setTimeout(resolve, ms);
    });
    return abortable(slept, signal).finally(() => clearTimeout(timer));
  },
};

/** The random values of the platform. `id()` returns 128 random bits in hexadecimal. */
export const systemRandom: Random = {
  // `crypto.randomUUID()` is missing on pages without https. `crypto.getRandomValues()` works on every page.
  id: () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join(""),
  fraction: () => Math.random(),
};
