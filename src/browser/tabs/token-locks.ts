/**
 * A lock for each set of tokens that this page holds in memory, so that nobody waits for an answer that no tab can give. A
 * page in the back/forward cache cannot answer, and so holds none.
 */
export class TokenLocks {
  /** Aborted when the tokens are let go. */
  readonly #held = new Map<string, AbortController>();
  #isWatching = false;

  /** Resolves when the lock is held; at once where Web Locks are missing. */
  hold(name: string): Promise<void> {
    if (!navigator.locks || this.#held.has(name)) return Promise.resolve();
    this.#watch();
    return this.#request(name);
  }

  release(name: string): void {
    this.#held.get(name)?.abort();
    this.#held.delete(name);
  }

  /** True when no page of this origin holds them. False when one does, or when nobody can tell. */
  async isFree(name: string): Promise<boolean> {
    try {
      const { held = [], pending = [] } = await navigator.locks.query();
      return ![...held, ...pending].some((lock) => lock.name === lockName(name));
    } catch {
      return false;
    }
  }

  #request(name: string): Promise<void> {
    const leave = new AbortController();
    this.#held.set(name, leave);
    return new Promise((granted) => {
      const hold = () => {
        granted();
        return new Promise<void>((end) => leave.signal.addEventListener("abort", () => end()));
      };
      const options = { mode: "shared", signal: leave.signal } as const;
      navigator.locks.request(lockName(name), options, hold).catch(granted);
    });
  }

  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    addEventListener("pagehide", () => this.#held.forEach((leave) => leave.abort()));
    addEventListener("pageshow", ({ persisted }) => {
      if (persisted) for (const name of this.#held.keys()) void this.#request(name);
    });
  }
}

function lockName(name: string): string {
  return `latchkey/tokens/${name}`;
}
