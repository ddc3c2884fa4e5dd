/**
 * Holds the Web Locks of one page. For each token record in its memory, a page holds a shared lock. If no page holds the lock
 * of a record, all pages have lost the record, and no page needs to wait for the record. While a page is in the browser's
 * back/forward cache, the page cannot send its records. So such a page releases its locks until it is shown again.
 */
export class TokenLocks {
  /** The locks of this page. The key is the id of the tokens. A call of `abort()` on the controller releases the lock. */
  readonly #held = new Map<string, AbortController>();
  #isWatching = false;

  /**
   * Requests the lock of the tokens. Resolves when this page holds the lock. If the browser has no Web Locks, resolves at
   * once.
   */
  hold(name: string): Promise<void> {
    if (!navigator.locks || this.#held.has(name)) return Promise.resolve();
    this.#watch();
    return this.#request(name);
  }

  release(name: string): void {
    this.#held.get(name)?.abort();
    this.#held.delete(name);
  }

  /**
   * Returns true when no page of this origin holds or requests the lock. Returns false when a page holds or requests the
   * lock, or when the locks cannot be queried.
   */
  async isFree(name: string): Promise<boolean> {
    try {
      const { held = [], pending = [] } = await navigator.locks.query();
      return ![...held, ...pending].some((lock) => lock.name === lockName(name));
    } catch {
      return false;
    }
  }

  #request(name: string): Promise<void> {
    const release = new AbortController();
    this.#held.set(name, release);
    return new Promise((granted) => {
      const hold = () => {
        granted();
        return new Promise<void>((end) => release.signal.addEventListener("abort", () => end()));
      };
      const options = { mode: "shared", signal: release.signal } as const;
      navigator.locks.request(lockName(name), options, hold).catch(granted);
    });
  }

  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    addEventListener("pagehide", () => this.#held.forEach((release) => release.abort()));
    addEventListener("pageshow", ({ persisted }) => {
      if (persisted) for (const name of this.#held.keys()) void this.#request(name);
    });
  }
}

function lockName(name: string): string {
  return `latchkey/tokens/${name}`;
}
