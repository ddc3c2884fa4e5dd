/**
 * Returns a promise that settles as `work` does. Once `signal` is aborted, the promise rejects with the signal's reason. The
 * abort does not stop `work`, because other callers might wait for its result.
 * @see https://developer.mozilla.org/en-US/docs/Web/API/AbortSignal
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason as Error);
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave);
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
