import { onAbort } from "../core/on-abort.ts";
import type { TabLock, TabLockOptions } from "../core/ports.ts";

type Waiter = { mode: TabLockOptions["mode"]; grant: () => void };
type Cached = { mode: TabLockOptions["mode"]; holders: number; queue: Waiter[] };

/**
 * Locks in this process's memory. Callers that use the same `MemoryTabLock` share its locks. As with Web Locks, requests are
 * granted in their order, and `shared` requests can hold a lock together.
 * @see https://w3c.github.io/web-locks/
 */
export class MemoryTabLock implements TabLock {
  readonly #locks = new Map<string, Cached>();

  async request<T>(
    name: string,
    { mode, ifAvailable, signal }: TabLockOptions,
    callback: (granted: boolean) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const lock = this.#locks.get(name) ?? { mode, holders: 0, queue: [] };
    this.#locks.set(name, lock);
    const free =
      lock.queue.length === 0 &&
      (lock.holders === 0 || (mode === "shared" && lock.mode === "shared"));
    if (free) this.#cache(lock, mode);
    else if (ifAvailable) return callback(false);
    else await this.#wait(name, lock, mode, signal);
    try {
      return await callback(true);
    } finally {
      lock.holders--;
      this.#pass(name, lock);
    }
  }

  query(): Promise<void> {
    return Promise.resolve();
  }

  #cache(lock: Cached, mode: TabLockOptions["mode"]): void {
    lock.mode = mode;
    lock.holders++;
  }

  #wait(
    name: string,
    lock: Cached,
    mode: TabLockOptions["mode"],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const grant = () => {
        forget?.();
        this.#cache(lock, mode);
        resolve();
      };
      const waiter: Waiter = { mode, grant };
      lock.queue.push(waiter);
      const forget =
        signal &&
        onAbort(signal, () => {
          forget?.();
          lock.queue.splice(lock.queue.indexOf(waiter), 1);
          this.#pass(name, lock);
          reject(signal.reason as Error);
        });
    });
  }

  #pass(name: string, lock: Cached): void {
    while (
      lock.queue[0] &&
      (lock.holders === 0 || (lock.mode === "shared" && lock.queue[0].mode === "shared"))
    ) {
      lock.queue.shift()!.grant();
    }
    if (lock.holders === 0 && lock.queue.length === 0) this.#locks.delete(name);
  }
}
