import type { TabLock, TabLockOptions } from "../../core/ports.ts";

/** Web Locks, under names of our own. */
export class WebLocksTabLock implements TabLock {
  request<T>(
    name: string,
    options: TabLockOptions,
    callback: (granted: boolean) => Promise<T>,
  ): Promise<T> {
    return navigator.locks.request(`latchkey/${name}`, options, (lock) =>
      callback(lock !== null),
    ) as Promise<T>;
  }

  async query(): Promise<void> {
    await navigator.locks.query();
  }
}

/** Undefined where the platform has no Web Locks: Node, and old browsers. */
export function webLocks(): TabLock | undefined {
  return typeof navigator === "object" && "locks" in navigator ? new WebLocksTabLock() : undefined;
}
