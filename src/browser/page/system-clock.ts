import type { Clock, Random } from "../../core/ports.ts";

/** The clock and the timers of the platform. Each call reads the global functions anew, so that fake timers in tests work. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, ms);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal!.reason as Error);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
};

/** The random values of the platform. `id()` returns 128 random bits in hexadecimal. */
export const systemRandom: Random = {
  // On pages without https, browsers have no `crypto.randomUUID()`. `createAuth()` must not throw on such a page, and
  // `createAuth()` calls `id()`. So `id()` uses `crypto.getRandomValues()`.
  id: () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join(""),
  fraction: () => Math.random(),
};
