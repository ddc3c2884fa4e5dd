import type { PageLifecycle, TabLock } from "../core/ports.ts";

/** Returns the name of the lock that the worker with this id holds for as long as the worker lives. */
export function workerLock(worker: string): string {
  return `worker/${worker}`;
}

/** The ports that `onWorkerEnd()` uses. */
export interface LifePorts {
  readonly locks: TabLock;
  readonly page: PageLifecycle;
}

/**
 * Calls `listener` when the worker has ended. The browser sends no event for this, and releases the worker's lock. Stops when
 * `signal` is aborted.
 *
 * A frozen page requests no lock, because such a page cannot use the lock and could block other requests.
 */
export function onWorkerEnd(
  { locks, page }: LifePorts,
  worker: string,
  signal: AbortSignal,
  listener: () => void,
): void {
  let request = new AbortController();
  const wait = () => {
    request = new AbortController();
    locks
      .request(workerLock(worker), { mode: "shared", signal: request.signal }, async () => {
        if (!signal.aborted) listener();
      })
      .catch(() => {});
  };
  const unwatch = page.onEvent((event) => {
    if (event === "freeze" || event === "pagehide") request.abort();
    else if (event === "resume" || event === "pageshow") wait();
  });
  signal.addEventListener("abort", () => {
    unwatch();
    request.abort();
  });
  if (!page.frozen()) wait();
}
