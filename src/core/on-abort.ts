/** The calls that wait for the abort of a signal. Garbage collection removes an entry together with its signal. */
const WAITING = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `call` when `signal` is aborted. Returns a function that stops the wait. All calls share one listener of the signal,
 * because Node warns about a signal with more than ten listeners. An error of one call is reported as uncaught, as an error of a
 * listener is, and the other calls still run.
 * @see https://nodejs.org/api/events.html#eventtarget-error-handling
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  const calls = WAITING.get(signal) ?? new Set();
  if (!WAITING.has(signal)) {
    WAITING.set(signal, calls);
    signal.addEventListener("abort", () => calls.forEach(run));
  }
  calls.add(call);
  return () => calls.delete(call);
}

function run(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
