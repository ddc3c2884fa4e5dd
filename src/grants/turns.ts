import { abortable } from "../core/abortable.ts";
import type { TabLock } from "../core/ports.ts";

/** Exclusive locks among the callers of this object. Other tabs are not locked out. */
export class Turns implements Pick<TabLock, "request"> {
  readonly #last = new Map<string, Promise<unknown>>();

  async request<T>(
    name: string,
    { signal }: { signal?: AbortSignal },
    work: (granted: boolean) => Promise<T>,
  ): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const turn = this.#after(abortable(before, signal), work);
    // When a waiting caller aborts, the next one still waits for the callers before it.
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
