import { abortable } from "./abortable.ts";
import type { TabLock } from "./ports.ts";

/** Runs asynchronous functions one after the other, in the order of the calls of `run()`. */
export class PromiseQueue {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Calls `step` when all earlier steps have settled, and returns the result of `step`. If `signal` is aborted before `step`
   * has started, `step` is not called. If `step` has started, the abort has no effect.
   */
  run<T>(step: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#last;
    const turn = abortable(before, signal).then(step);
    // When a caller aborts its wait, the next caller must still wait for the earlier steps.
    this.#last = Promise.allSettled([before, turn]);
    return turn;
  }
}

/** Locks inside one tab. Only code that uses the same `LocalLocks` object shares these locks. Every lock is exclusive. */
export class LocalLocks implements Pick<TabLock, "request"> {
  readonly #queues = new Map<string, PromiseQueue>();

  request<T>(
    name: string,
    { signal }: { signal?: AbortSignal },
    work: (granted: boolean) => Promise<T>,
  ): Promise<T> {
    const queue = this.#queues.get(name) ?? new PromiseQueue();
    this.#queues.set(name, queue);
    return queue.run(() => work(true), signal);
  }
}
