import type { Clock, TabChannel, TabLock, TabLockOptions } from "../../core/ports.ts";

const OWNER = "own/";
const LOOK_MS = 250;

/** Configuration of a `BroadcastTabLock`. */
export interface BroadcastTabLockConfig {
  /**
   * The channel between the tabs of the client. A tab that holds a lock sends its `alive` and `gone` messages on this channel.
   */
  readonly channel: TabChannel;
  readonly clock: Clock;
  /**
   * If the tab that holds a lock sends no `alive` message for this time, the other tabs stop waiting for the lock.
   * Milliseconds. Default: 20,000.
   */
  readonly takeoverMs?: number | undefined;
}

/**
 * Replaces the Web Locks API in browsers that do not have this API. A tab that refreshes a session holds a lock with the name
 * `own/<id>`. The other tabs wait for this lock to learn that the refresh has ended.
 * - A request with the mode `exclusive` comes from the refreshing tab, and gets the lock at once.
 * - A request with the mode `shared` waits until the refreshing tab has broadcast `gone`, or has sent no `alive` message for
 *   `takeoverMs`.
 * - A request for a lock with any other name gets the lock at once.
 */
export class BroadcastTabLock implements TabLock {
  readonly #config: BroadcastTabLockConfig;
  /** The names of the locks that this tab holds. */
  readonly #held = new Set<string>();
  /** The names of the locks that this tab or another tab has released. */
  readonly #ended = new Set<string>();
  #isListening = false;

  constructor(config: BroadcastTabLockConfig) {
    this.#config = config;
  }

  async request<T>(
    name: string,
    { mode, ifAvailable, signal }: TabLockOptions,
    callback: (granted: boolean) => Promise<T>,
  ): Promise<T> {
    if (!name.startsWith(OWNER)) return callback(true);
    this.#listen();
    if (mode === "exclusive") return this.#cache(name, callback);
    if (ifAvailable) return callback(this.#ended.has(name) && !this.#held.has(name));
    await this.#untilEnded(name, signal);
    return callback(true);
  }

  query(): Promise<void> {
    return Promise.resolve();
  }

  async #cache<T>(name: string, callback: (granted: boolean) => Promise<T>): Promise<T> {
    this.#held.add(name);
    try {
      return await callback(true);
    } finally {
      this.#held.delete(name);
      this.#ended.add(name);
    }
  }

  /**
   * Adds the listener for `gone` messages at the first call. The listener is never removed, because each `gone` message is sent
   * only once.
   */
  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#config.channel.listen((message) => {
      if (message.type === "gone") this.#ended.add(OWNER + message.attemptId);
    });
  }

  async #untilEnded(name: string, signal: AbortSignal | undefined): Promise<void> {
    const { channel, clock, takeoverMs = 20_000 } = this.#config;
    let receivedAt = clock.monotonic();
    const unlisten = channel.listen((message) => {
      if (message.type === "alive" && OWNER + message.attemptId === name)
        receivedAt = clock.monotonic();
    });
    try {
      while (!this.#ended.has(name) && clock.monotonic() - receivedAt < takeoverMs) {
        await clock.sleep(LOOK_MS, signal);
      }
    } finally {
      unlisten();
    }
  }
}
