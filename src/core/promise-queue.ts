import { abortable } from "./abortable.ts";
import type { TabLock } from "./ports.ts";

/** Runs asynchronous functions one after the other, in the order of the calls of `run()`. */
export class PromiseQueue {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Calls `step` after all earlier steps have settled, and settles as `step` does. `signal` aborts the wait, but not a step
   * that has started.
   */
  run<T>(step: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#last;
    const turn = abortable(before, signal).then(step);
    // When a caller aborts its wait, the next caller must still wait for the earlier steps.
    this.#last = Promise.allSettled([before, turn]);
    return turn;
  }
}

/** Locks between the calls of one `LocalLocks` object. Every lock is exclusive. The locks have no effect on other tabs. */
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
