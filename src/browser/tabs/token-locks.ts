/**
 * Holds the Web Locks that show which tokens still exist. While a page has tokens in its memory, the page holds a shared lock
 * for these tokens. If no page holds the lock, all pages have lost the tokens. While a page is in the bfcache, the page cannot
 * send its tokens and holds no lock.
 */
export class TokenLocks {
  /** The locks of this page, by the id of the tokens. `abort()` of the controller releases the lock. */
  readonly #held = new Map<string, AbortController>();
  #isWatching = false;

  /**
   * Requests the lock of the tokens with the id `name`. Resolves when this page holds the lock. If the browser has no Web
   * Locks, resolves at once.
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

  /** Returns true when no page of this origin holds or requests the lock. If the locks cannot be queried, returns false. */
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
