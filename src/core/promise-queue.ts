import { abortable } from "./abortable.ts";
import type { TabLock } from "./ports.ts";

/** Runs steps one after the other, in the order of the calls. */
export class PromiseQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Rejects as `step` does. `signal` ends the wait, and does not stop a step that runs. */
  run<T>(step: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#last;
    const turn = abortable(before, signal).then(step);
    // When a waiting caller aborts, the next one still waits for the callers before it.
    this.#last = Promise.allSettled([before, turn]);
    return turn;
  }
}

/** Exclusive locks among the callers of this object. Other tabs are not locked out. */
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
