import type { Clock, TabChannel, TabLock, TabLockOptions } from "../../core/ports.ts";

const OWNER = "own/";
const LOOK_MS = 250;

/** Configuration of a `BroadcastTabLock`. */
export interface BroadcastTabLockConfig {
  /** The channel that all tabs of the client share. */
  readonly channel: TabChannel;
  readonly clock: Clock;
  /** An owner that sends no message for this long counts as ended. Milliseconds; default: 20,000. */
  readonly takeoverMs?: number | undefined;
}

/**
 * Replaces Web Locks where they are missing: an owner's messages show that its tab is alive.
 * Only names of the form `own/…`, which have one possible owner, are locked. Requests for other names are granted at once.
 * An owner that crashed or hangs counts as ended after `takeoverMs`.
 * @example
 * const channel = new BroadcastTabChannel(clientKey("https://id.example.com", "web"));
 * const locks = new BroadcastTabLock({ channel, clock: systemClock });
 */
export class BroadcastTabLock implements TabLock {
  readonly #config: BroadcastTabLockConfig;
  /** Names of the locks that this tab holds. */
  readonly #held = new Set<string>();
  /** Names of locks whose owner has ended: this tab, or a tab that sent `gone`. */
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

  /** Listens from the first request on, for as long as the page exists: an owner sends `gone` only once. */
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
