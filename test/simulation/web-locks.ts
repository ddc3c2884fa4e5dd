import type { TabLock, TabLockOptions } from "../../src/core/ports.ts";
import { record, type Stage } from "./stage.ts";
import type { TabLifecycle } from "./tab-life.ts";

interface Claimant {
  readonly life: TabLifecycle;
  readonly mode: TabLockOptions["mode"];
  readonly grant: () => void;
}
interface Lock {
  readonly holders: Set<Claimant>;
  readonly queue: Claimant[];
}

/** The browser's lock manager: grants in the order of the requests. A closed tab releases its locks. */
export class WebLocks {
  readonly #stage: Stage;
  readonly #locks = new Map<string, Lock>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  of(life: TabLifecycle): TabLock {
    life.onDeath(() => this.#bury(life));
    return {
      request: (name, options, callback) => this.#request(life, name, options, callback),
      query: () => {
        this.#evict(life);
        return Promise.resolve();
      },
    };
  }

  #request<T>(
    life: TabLifecycle,
    name: string,
    { mode, ifAvailable, signal }: TabLockOptions,
    callback: (granted: boolean) => Promise<T>,
  ): Promise<T> {
    const { scheduler, prng } = this.#stage;
    const asked = scheduler.now;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      let isAborted = false;
      const call = (granted: boolean, after: () => void) =>
        life.deliver("result", () => {
          if (isAborted) return after();
          signal?.removeEventListener("abort", leave);
          if (name.startsWith("revoke/") && mode === "shared")
            record(this.#stage, { what: "revoke lock", tab: life.name, asked });
          const result = callback(granted);
          void result.then(after, after);
          result.then(resolve, reject);
        });
      const claimant: Claimant = {
        life,
        mode,
        grant: () => call(true, () => this.#release(name, claimant)),
      };
      const leave = () => {
        isAborted = true;
        this.#leave(name, claimant);
        reject(signal!.reason as Error);
      };
      signal?.addEventListener("abort", leave, { once: true });
      const ask = () => {
        if (isAborted || life.state === "dead") return;
        this.#evict(life, name);
        const lock = this.#locks.get(name) ?? { holders: new Set(), queue: [] };
        if (ifAvailable && !(lock.queue.length === 0 && isFree(lock, mode))) {
          return call(false, () => {});
        }
        this.#locks.set(name, lock);
        lock.queue.push(claimant);
        this.#pass(name, lock);
      };
      if (prng.chance(0.7)) ask();
      else scheduler.after(prng.between(0, 3), ask);
    });
  }

  #release(name: string, claimant: Claimant): void {
    const lock = this.#locks.get(name);
    if (!lock?.holders.delete(claimant)) return;
    if (name.startsWith("own/") && claimant.mode === "exclusive") {
      record(this.#stage, { what: "owner end", attemptId: name.slice("own/".length) });
    }
    this.#pass(name, lock);
  }

  #leave(name: string, claimant: Claimant): void {
    const lock = this.#locks.get(name);
    const place = lock?.queue.indexOf(claimant) ?? -1;
    if (place < 0) return;
    lock!.queue.splice(place, 1);
    this.#pass(name, lock!);
  }

  #pass(name: string, lock: Lock): void {
    while (lock.queue[0] && isFree(lock, lock.queue[0].mode)) {
      const next = lock.queue.shift()!;
      lock.holders.add(next);
      next.grant();
    }
    if (lock.holders.size + lock.queue.length === 0) this.#locks.delete(name);
  }

  /** A query of the locks, or a request for one, evicts the bfcached pages that hold these locks or wait for them. */
  #evict(asking: TabLifecycle, only?: string): void {
    for (const [name, { holders, queue }] of [...this.#locks]) {
      if (only !== undefined && name !== only) continue;
      for (const { life } of [...holders, ...queue]) {
        if (life !== asking && life.state === "cached") life.die();
      }
    }
  }

  #bury(life: TabLifecycle): void {
    for (const [name, lock] of [...this.#locks]) {
      for (const waiter of lock.queue.filter((waiter) => waiter.life === life)) {
        this.#leave(name, waiter);
      }
      for (const holder of [...lock.holders]) {
        if (holder.life === life) this.#release(name, holder);
      }
    }
  }
}

function isFree({ holders }: Lock, mode: TabLockOptions["mode"]): boolean {
  if (holders.size === 0) return true;
  return mode === "shared" && [...holders].every((holder) => holder.mode === "shared");
}
