import type { Clock, TabChannel, TabLock, TabLockOptions } from "../../core/ports.ts";

const OWNER = "own/";
const LOOK_MS = 250;

/** Configuration of a `BroadcastTabLock`. */
export interface BroadcastTabLockConfig {
  /**
   * The channel between the tabs of the client. While a tab refreshes a session, other tabs can ask on this channel whether the
   * tab still runs. The tab responds with `alive` messages. When the refresh has ended, the tab broadcasts a `gone` message.
   */
  readonly channel: TabChannel;
  readonly clock: Clock;
  /**
   * The maximum time between two `alive` messages. If a tab that holds a lock sends no `alive` message for this long, the other
   * tabs stop waiting for the lock. Milliseconds. Default: 20,000.
   */
  readonly takeoverMs?: number | undefined;
}

/**
 * Replaces Web Locks in browsers that do not have them. Only locks with names like `own/<attempt>` work. `<attempt>` is the id
 * of one attempt to refresh a session. The tab that makes this attempt is the owner of the lock.
 * - The owner requests the lock with the mode `exclusive`. This request is granted at once.
 * - The other tabs request the lock with the mode `shared`. They wait until the owner has broadcast `gone`, or until they have
 *   received no `alive` message of the owner for `takeoverMs`.
 * - If a lock has a name of another form, every request for it is granted at once.
 * @example
 * const channel = new BroadcastTabChannel(clientKey("https://id.example.com", "web"));
 * const locks = new BroadcastTabLock({ channel, clock: systemClock });
 */
export class BroadcastTabLock implements TabLock {
  readonly #config: BroadcastTabLockConfig;
  /** The names of the locks that this tab holds. */
  readonly #held = new Set<string>();
  /** The names of the released locks: the locks that this tab has released, and the locks whose owner has broadcast `gone`. */
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
   * Adds the listener for `gone` messages at the first request. The listener is never removed: an owner sends its `gone`
   * message only once, and this tab must not miss the message.
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
