import type { TabLock, TabLockOptions } from "../../core/ports.ts";

/**
 * Provides locks between the tabs of one origin with the Web Locks API. The name of each lock gets the prefix `latchkey/`.
 * @see https://w3c.github.io/web-locks/
 * @example
 * const locks = new WebLocksTabLock();
 * await locks.request("report", { mode: "exclusive" }, async () => console.log("one tab at a time"));
 */
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

/** Returns a `WebLocksTabLock`. Returns undefined where the platform has no Web Locks, as in old browsers and in Node 20. */
export function webLocks(): TabLock | undefined {
  return typeof navigator === "object" && "locks" in navigator ? new WebLocksTabLock() : undefined;
}
