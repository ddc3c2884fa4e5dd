import { onAbort } from "./on-abort.ts";

/**
 * Returns a promise that settles like `work`. If `signal` is aborted first, the promise rejects with the signal's reason. The
 * abort does not stop `work`.
 * @see https://developer.mozilla.org/en-US/docs/Web/API/AbortSignal
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason as Error);
    if (signal.aborted) leave();
    void work.then(resolve, reject).finally(onAbort(signal, leave));
  });
}
