import type { Clock, TabChannel, TabLock, TabLockOptions } from "../../core/ports.ts";

const OWNER = "own/";
const LOOK_MS = 250;

/** Configuration of a `BroadcastTabLock`. */
export interface BroadcastTabLockConfig {
  /** The channel on which the tabs of the client broadcast `alive` and `gone` messages about their refresh attempts. */
  readonly channel: TabChannel;
  readonly clock: Clock;
  /** A tab that holds a lock and sends no `alive` message for this long counts as closed. Milliseconds. Default: 20,000. */
  readonly takeoverMs?: number | undefined;
}

/**
 * Replaces Web Locks in browsers that do not have them. Only locks with names like `own/<attempt>` work: each belongs to one
 * attempt to refresh a session. The owner, which is the tab that makes this attempt, requests the lock with the mode
 * `exclusive`. The other tabs request the lock with the mode `shared`. They wait until the owner has broadcast `gone`, or has
 * broadcast no `alive` message for `takeoverMs`. Requests for locks with other names are granted at once.
 * @example
 * const channel = new BroadcastTabChannel(clientKey("https://id.example.com", "web"));
 * const locks = new BroadcastTabLock({ channel, clock: systemClock });
 */
export class BroadcastTabLock implements TabLock {
  readonly #config: BroadcastTabLockConfig;
  /** The names of the locks that this tab holds. */
  readonly #held = new Set<string>();
  /** The names of the locks that are no longer held: this tab has released them, or their owner has broadcast `gone`. */
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
   * Adds a listener at the first request. The listener is never removed, because an owner does not repeat its `gone` message.
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
