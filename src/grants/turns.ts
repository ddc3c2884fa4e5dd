import { abortable } from "../core/abortable.ts";
import type { TabLock } from "../core/ports.ts";

/** Exclusive locks among those who share this object; for who has no other tabs to care for. */
export class Turns implements Pick<TabLock, "request"> {
  readonly #last = new Map<string, Promise<unknown>>();

  async request<T>(
    name: string,
    { signal }: { signal?: AbortSignal },
    work: (granted: boolean) => Promise<T>,
  ): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const turn = this.#after(abortable(before, signal), work);
    // Who left the queue does not let the next one in.
    const both = Promise.allSettled([before, turn]);
    this.#last.set(name, both);
    try {
      return await turn;
    } finally {
      void both.then(() => this.#last.get(name) === both && this.#last.delete(name));
    }
  }

  async #after<T>(before: Promise<unknown>, work: (granted: boolean) => Promise<T>): Promise<T> {
    await before;
    return work(true);
  }
}
