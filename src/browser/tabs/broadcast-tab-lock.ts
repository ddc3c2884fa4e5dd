import type { Clock, TabChannel, TabLock, TabLockOptions } from "../../core/ports.ts";

const OWNER = "own/";
const LOOK_MS = 250;

export interface BroadcastTabLockConfig {
  readonly channel: TabChannel;
  readonly clock: Clock;
  /** So long a silence means that an owner ended. Milliseconds. */
  readonly takeoverMs?: number | undefined;
}

/**
 * Where Web Locks are missing: the owner's own messages say whether it lives. For names with one possible owner, `own/…`,
 * alone; everybody else is granted at once. A crash is seen after `takeoverMs`, and an owner that hangs counts as ended then.
 */
export class BroadcastTabLock implements TabLock {
  readonly #config: BroadcastTabLockConfig;
  /** Held by this tab now. */
  readonly #held = new Set<string>();
  /** Known to have ended: this tab's own, and those that said so. */
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

  /** From the first request on, for as long as the page lives: an owner says only once that it goes. */
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
