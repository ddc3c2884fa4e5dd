import { abortable } from "./abortable.ts";
import type { TabLock } from "./ports.ts";

/** Runs asynchronous functions one after the other, in the order in which `run()` received the functions. */
export class PromiseQueue {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Calls `step` when all earlier steps have settled, and returns the result of `step`. If `signal` is aborted before `step`
   * starts, rejects and never calls `step`. A later abort has no effect.
   */
  run<T>(step: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#last;
    const turn = abortable(before, signal).then(step);
    // After an abort, `turn` rejects while earlier steps still run. So the next step must wait for `before`, too.
    this.#last = Promise.allSettled([before, turn]);
    return turn;
  }
}

/** Exclusive locks inside one tab. Each `LocalLocks` object has its own locks. */
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
