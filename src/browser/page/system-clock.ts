import type { Clock, Random } from "../../core/ports.ts";

// Globals are called, never captured, so that fake timers work.
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", leave);
        resolve();
      }, ms);
      const leave = () => {
        clearTimeout(timer);
        reject(signal!.reason as Error);
      };
      signal?.addEventListener("abort", leave, { once: true });
    }),
};

export const systemRandom: Random = {
  // Not randomUUID: it is missing where there is no secure context, and composing must not throw there.
  id: () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join(""),
  fraction: () => Math.random(),
};
