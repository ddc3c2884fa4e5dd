/**
 * Holds a Web Lock for each token record in this page's memory, so that no tab waits for tokens that all tabs have lost.
 * A page in the bfcache cannot send its tokens, so it holds no lock.
 */
export class TokenLocks {
  /** By the name of the tokens. Aborting a controller releases its lock. */
  readonly #held = new Map<string, AbortController>();
  #isWatching = false;

  /** Resolves when this page holds the lock, and at once where Web Locks are missing. */
  hold(name: string): Promise<void> {
    if (!navigator.locks || this.#held.has(name)) return Promise.resolve();
    this.#watch();
    return this.#request(name);
  }

  release(name: string): void {
    this.#held.get(name)?.abort();
    this.#held.delete(name);
  }

  /** True when no page of this origin holds the lock. False when a page holds the lock, or when locks cannot be queried. */
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
