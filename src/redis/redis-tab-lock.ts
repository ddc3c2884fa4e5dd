import { abortable } from "../core/abortable.ts";
import { checkMs } from "../core/check-ms.ts";
import { ConfigurationError } from "../core/errors.ts";
import { encodeKey } from "../core/keys.ts";
import type { TabLock, TabLockOptions } from "../core/ports.ts";
import { PromiseQueue } from "../core/promise-queue.ts";
import { HeldLock } from "./held-lock.ts";
import { checkClient, checkPrefix, type RedisClient } from "./redis-client.ts";
import { RedisCommands, TIMEOUT_MS } from "./redis-commands.ts";
import { RELEASE, TAKE } from "./scripts.ts";

/** The configuration of a `RedisTabLock`. */
export interface RedisTabLockConfig {
  /** A part of each key. Locks with different prefixes are independent of one another. Default: an empty string. */
  readonly prefix?: string;
  /**
   * The time to live of a lock. The holder renews the lock three times in this time. If the holder's process ends or stops,
   * another process takes the lock after this time. Milliseconds. Default: 10,000.
   */
  readonly ttlMs?: number;
  /** The longest time that a command of Redis may take. Milliseconds. Default: 1,000. */
  readonly timeoutMs?: number;
  /**
   * Called with the name of a lock when this process has lost the lock, because the process or Redis stopped for longer than
   * `ttlMs`. Another process might hold the lock now. The work under the lock continues, and `RedisTokenStorage.replace()`
   * keeps the newer tokens of the other process.
   */
  readonly onLost?: (name: string) => void;
}

/** The wait before the second try to take a lock. Each further wait is half as long again. Milliseconds. */
const FIRST_WAIT_MS = 20;
const MAX_WAIT_MS = 500;

type LockClient = Pick<RedisClient, "eval">;

/**
 * Locks in Redis, which all processes with the same `prefix` share. All locks are exclusive. In each process, one request for
 * each lock asks Redis, at most ten times in the first second and at most three times in each later second. The other requests
 * of the process wait in a queue.
 *
 * A lock in Redis is no proof: a process that stops for longer than `ttlMs` loses its lock, and continues later. So give the
 * token manager or the client a storage that has `replace()`, such as `RedisTokenStorage`.
 * @see https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/
 * @example
 * const runAlone = (redis: RedisClient) =>
 *   new RedisTabLock(redis).request("report", { mode: "exclusive" }, async () =>
 *     console.log("one process at a time"),
 *   );
 */
export class RedisTabLock implements TabLock {
  readonly #commands: RedisCommands<LockClient>;
  readonly #prefix: string;
  readonly #ttlMs: number;
  readonly #onLost: (name: string) => void;
  readonly #queues = new Map<string, { readonly queue: PromiseQueue; requests: number }>();

  /** @throws ConfigurationError an input is invalid; `error.input` is the name of that input */
  constructor(
    client: LockClient,
    {
      prefix = "",
      ttlMs = 10_000,
      timeoutMs = TIMEOUT_MS,
      onLost = () => {},
    }: RedisTabLockConfig = {},
  ) {
    checkClient(client, ["eval"]);
    checkPrefix(prefix);
    checkMs("ttlMs", ttlMs, 100);
    checkMs("timeoutMs", timeoutMs, 1);
    this.#commands = new RedisCommands(client, timeoutMs);
    this.#prefix = prefix;
    this.#ttlMs = ttlMs;
    this.#onLost = onLost;
  }

  /**
   * Waits for the lock `name`, and calls `callback` while this process holds the lock. Returns the result of `callback`.
   * @throws ConfigurationError `mode` is `shared`
   * @throws StorageError Redis is down, slow or full
   */
  async request<T>(
    name: string,
    { mode, ifAvailable, signal }: TabLockOptions,
    callback: (granted: boolean) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    if (mode === "shared") {
      throw new ConfigurationError("mode", "it is shared", 'Locks in Redis need "exclusive".');
    }
    if (ifAvailable) {
      const lock = await this.#tryTake(name, signal);
      return lock ? underLock(lock, callback) : callback(false);
    }
    return this.#inTurn(
      name,
      async () => underLock(await this.#take(name, signal), callback),
      signal,
    );
  }

  query(): Promise<void> {
    return Promise.resolve();
  }

  /** Calls `work` after all earlier requests of this process for the same lock. */
  async #inTurn<T>(
    name: string,
    work: () => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const turns = this.#queues.get(name) ?? { queue: new PromiseQueue(), requests: 0 };
    this.#queues.set(name, turns);
    turns.requests++;
    try {
      return await turns.queue.run(work, signal);
    } finally {
      turns.requests--;
      if (turns.requests === 0) this.#queues.delete(name);
    }
  }

  async #take(name: string, signal: AbortSignal | undefined): Promise<HeldLock> {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(1.5 * waitMs, MAX_WAIT_MS)) {
      const lock = await this.#tryTake(name, signal);
      if (lock) return lock;
      // Random waits keep the processes from asking Redis at the same moment.
      await sleep(waitMs * (0.75 + Math.random() / 2), signal);
    }
  }

  async #tryTake(name: string, signal: AbortSignal | undefined): Promise<HeldLock | undefined> {
    const key = `latchkey/lock/${encodeKey(this.#prefix)}/${name}`;
    const holder = crypto.randomUUID();
    const take = { keys: [key], arguments: [holder, `${this.#ttlMs}`] };
    try {
      const reply = this.#commands.send("EVAL", (client) => client.eval(TAKE, take));
      if ((await abortable(reply, signal)) === null) return undefined;
    } catch (error) {
      // Redis might still execute TAKE. The client sends this script afterwards.
      const release = { keys: [key], arguments: [holder] };
      this.#commands.send("EVAL", (client) => client.eval(RELEASE, release)).catch(() => {});
      throw error;
    }
    const onLost = () => this.#onLost(name);
    const lock = new HeldLock({
      commands: this.#commands,
      key,
      holder,
      ttlMs: this.#ttlMs,
      onLost,
    });
    lock.startRenewals();
    return lock;
  }
}

async function underLock<T>(
  lock: HeldLock,
  callback: (granted: boolean) => Promise<T>,
): Promise<T> {
  try {
    return await callback(true);
  } finally {
    await lock.release();
  }
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const slept = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return abortable(slept, signal).finally(() => clearTimeout(timer));
}
