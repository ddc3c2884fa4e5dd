import type { RedisClient } from "./redis-client.ts";
import type { RedisCommands } from "./redis-commands.ts";
import { RELEASE, RENEW } from "./scripts.ts";

/** A lock that this process has taken in Redis. */
export interface HeldLockConfig {
  readonly commands: RedisCommands<Pick<RedisClient, "eval">>;
  /** The key of the lock in Redis. */
  readonly key: string;
  /** The random value that Redis stores while this process holds the lock. */
  readonly holder: string;
  /** The time to live of the lock. Milliseconds. */
  readonly ttlMs: number;
  /** Called once, when another process might hold the lock. */
  readonly onLost: () => void;
}

/**
 * Renews a lock in Redis until `release()` is called. If the process ends, the renewals end, and Redis deletes the lock after
 * its time to live.
 */
export class HeldLock {
  readonly #config: HeldLockConfig;
  #timer: ReturnType<typeof setInterval> | undefined;
  #renewedAt = performance.now();
  #isLost = false;

  /** The caller has just taken the lock, and calls `startRenewals()` next. */
  constructor(config: HeldLockConfig) {
    this.#config = config;
  }

  startRenewals(): void {
    this.#timer = setInterval(() => void this.#renew(), this.#config.ttlMs / 3);
  }

  /** Ends the renewals and releases the lock. Never rejects: Redis deletes a lock that was not released. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#isLost) return;
    const { key, holder } = this.#config;
    const reply = await this.#run(RELEASE, { keys: [key], arguments: [holder] });
    if (reply === 0) this.#lose();
  }

  async #renew(): Promise<void> {
    const { key, holder, ttlMs } = this.#config;
    const sentAt = performance.now();
    const reply = await this.#run(RENEW, { keys: [key], arguments: [holder, `${ttlMs}`] });
    if (reply === 1) this.#renewedAt = sentAt;
    // Without a reply, the lock is lost when its time to live has passed.
    else if (reply === 0 || performance.now() - this.#renewedAt > ttlMs) this.#lose();
  }

  /** Returns the reply, or undefined if Redis failed. */
  #run(script: string, options: Parameters<RedisClient["eval"]>[1]): Promise<unknown> {
    const { commands } = this.#config;
    return commands.send("EVAL", (client) => client.eval(script, options)).catch(() => undefined);
  }

  #lose(): void {
    clearInterval(this.#timer);
    if (this.#isLost) return;
    this.#isLost = true;
    // An error of the app's listener is reported as uncaught, and the lock still ends its work.
    queueMicrotask(this.#config.onLost);
  }
}
