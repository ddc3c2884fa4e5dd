/**
 * Waits for `work` until `signal` is aborted. If `work` settles first, the returned promise settles as `work` does. If `signal`
 * is aborted first, the returned promise rejects with the signal's reason. `work` itself goes on, because other callers might
 * wait for it.
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
