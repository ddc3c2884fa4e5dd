import { checkMs } from "../core/check-ms.ts";
import { encodeKey } from "../core/keys.ts";
import { storageKey } from "../core/stored-value.ts";
import type { TokenStorage } from "../core/token-storage.ts";
import { checkClient, checkPrefix, type RedisClient } from "./redis-client.ts";
import { RedisCommands, TIMEOUT_MS } from "./redis-commands.ts";
import { changedRecord, newerRecord } from "./redis-error.ts";
import { REPLACE, SET, SET_ASIDE } from "./scripts.ts";

/** The configuration of a `RedisTokenStorage`. */
export interface RedisTokenStorageConfig {
  /** A part of each key. Storages with different prefixes do not share values. Default: an empty string. */
  readonly prefix?: string;
  /**
   * The time to live of a value that is stored without one, such as tokens with a refresh token. Each write starts the time
   * again. Milliseconds. Default: such a value stays until it is deleted.
   */
  readonly ttlMs?: number;
  /** The longest time that a command of Redis may take. Milliseconds. Default: 1,000. */
  readonly timeoutMs?: number;
}

/** The version of the records that this file writes and reads. */
const VERSION = 1;
/** The time after which Redis deletes a damaged record that was set aside. Milliseconds. */
const ASIDE_MS = 86_400_000;
/** The number of tries of `replace()`. If the stored value changes during a try, the next try starts. */
const TRIES = 20;
/** Stands for a record whose type in Redis is no string. */
const WRONG_TYPE: unique symbol = Symbol("wrong type");

/**
 * Stores keys and values in Redis, for a service that runs in several processes or on several machines. Redis deletes a value
 * when its time to live has passed. A damaged record counts as missing: it is moved to a key that begins with
 * `latchkey/aside/`, and Redis deletes it after a day. Each method rejects with a `StorageError` when Redis is down, slow or
 * full. If a newer version of Latchkey wrote the record, each method except `delete()` and `clear()` rejects with a
 * `StorageError`, and the record stays.
 *
 * Give the token manager or the client a `RedisTabLock`, too, so that one process at a time requests a token.
 * @see https://redis.io/docs/latest/commands/
 * @example
 * const clientFor = (redis: RedisClient, clientSecret: string) =>
 *   createClient({
 *     issuer: "https://id.example.com",
 *     clientId: "reports",
 *     authentication: { method: "client_secret_basic", clientSecret },
 *     storage: new RedisTokenStorage(redis, { prefix: "reports" }),
 *     locks: new RedisTabLock(redis, { prefix: "reports" }),
 *   });
 */
export class RedisTokenStorage implements TokenStorage {
  readonly #commands: RedisCommands<RedisClient>;
  /** The start of the keys of records, and of the keys of damaged records. */
  readonly #starts: { readonly record: string; readonly aside: string };
  readonly #ttlMs: number | undefined;

  /** @throws ConfigurationError an input is invalid; `error.input` is the name of that input */
  constructor(
    client: RedisClient,
    { prefix = "", ttlMs, timeoutMs = TIMEOUT_MS }: RedisTokenStorageConfig = {},
  ) {
    checkClient(client, ["get", "unlink", "eval", "scanIterator"]);
    checkPrefix(prefix);
    if (ttlMs !== undefined) checkMs("ttlMs", ttlMs, 1, Number.MAX_SAFE_INTEGER);
    checkMs("timeoutMs", timeoutMs, 1);
    this.#commands = new RedisCommands(client, timeoutMs);
    const aside = `latchkey/aside/${encodeKey(prefix)}/`;
    this.#starts = { record: storageKey(prefix, ""), aside };
    this.#ttlMs = ttlMs;
  }

  async get(key: string): Promise<unknown> {
    const text = await this.#read(key);
    if (text === null) return undefined;
    const value = valueOf(text);
    if (value === undefined) await this.#setAside(key, text);
    return value;
  }

  async set(key: string, value: unknown, ttlMs?: number): Promise<void> {
    const { text, expiresMs = "" } = this.#record(value, ttlMs);
    if (text === "") return this.delete(key);
    const reply = await this.#commands.send("EVAL", (client) =>
      client.eval(SET, {
        keys: [this.#name(key)],
        arguments: [text, `${VERSION}`, `${expiresMs}`],
      }),
    );
    if (Number(reply) > VERSION) throw newerRecord(Number(reply), VERSION);
  }

  async replace(
    key: string,
    value: unknown,
    ttlMs: number | undefined,
    mayReplace: (stored: unknown) => boolean,
  ): Promise<boolean> {
    const { text, expiresMs = "" } = this.#record(value, ttlMs);
    for (let tries = 1; tries <= TRIES; tries++) {
      const before = await this.#read(key);
      const stored = before === null ? undefined : valueOf(before);
      if (before !== null && stored === undefined) await this.#setAside(key, before);
      if (!mayReplace(stored)) return false;
      // A damaged record was set aside, so its key is now missing.
      const isMissing = typeof before !== "string" || stored === undefined;
      const values = [isMissing ? "missing" : "", isMissing ? "" : before, text, `${expiresMs}`];
      const isReplaced = await this.#commands.send("EVAL", (client) =>
        client.eval(REPLACE, { keys: [this.#name(key)], arguments: values }),
      );
      if (isReplaced === 1) return true;
    }
    throw changedRecord(TRIES);
  }

  async delete(key: string): Promise<void> {
    await this.#commands.send("UNLINK", (client) =>
      client.unlink([this.#name(key), this.#aside(key)]),
    );
  }

  async exists(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  /** Finds the keys with `SCAN`, so that Redis serves other clients meanwhile. */
  async clear(): Promise<void> {
    for (const start of Object.values(this.#starts)) {
      // The prefix is no pattern, so its special characters are escaped.
      const MATCH = `${start.replace(/[*?[\]\\]/g, "\\$&")}*`;
      const batches = await this.#commands.send("SCAN", async (client) =>
        client.scanIterator({ MATCH, COUNT: 500 })[Symbol.asyncIterator](),
      );
      for (;;) {
        const { done, value: keys } = await this.#commands.send("SCAN", () => batches.next());
        if (done) break;
        const own = keys.filter((name: string) => name.startsWith(start));
        if (own.length > 0) await this.#commands.send("UNLINK", (client) => client.unlink(own));
      }
    }
  }

  #read(key: string): Promise<string | typeof WRONG_TYPE | null> {
    return this.#commands.send<string | typeof WRONG_TYPE | null>(
      "GET",
      (client) => client.get(this.#name(key)),
      (kind) => (kind === "WRONGTYPE" ? WRONG_TYPE : undefined),
    );
  }

  async #setAside(key: string, text: string | typeof WRONG_TYPE): Promise<void> {
    await this.#commands.send("EVAL", (client) =>
      client.eval(SET_ASIDE, {
        keys: [this.#name(key), this.#aside(key)],
        arguments: [text === WRONG_TYPE ? "" : text, `${ASIDE_MS}`],
      }),
    );
  }

  /** Returns the text of a record and its time to live. The text is empty if the value is undefined or has expired. */
  #record(value: unknown, ttlMs = this.#ttlMs): { text: string; expiresMs?: number } {
    const isEndless = ttlMs === undefined || !Number.isFinite(ttlMs);
    if (value === undefined || (!isEndless && ttlMs < 1)) return { text: "" };
    const text = JSON.stringify({ version: VERSION, value });
    if (isEndless) return { text };
    // Redis refuses much longer times, and refuses a number such as 1e+21.
    return { text, expiresMs: Math.min(Math.floor(ttlMs), Number.MAX_SAFE_INTEGER) };
  }

  #name(key: string): string {
    return this.#starts.record + key;
  }

  #aside(key: string): string {
    return this.#starts.aside + key;
  }
}

/**
 * Returns the value of a record, or undefined if the record is damaged.
 * @throws StorageError a newer version of Latchkey wrote the record
 */
function valueOf(text: string | typeof WRONG_TYPE): unknown {
  const { version, value } = parse(text);
  if (typeof version === "number" && version > VERSION) throw newerRecord(version, VERSION);
  return version === VERSION ? value : undefined;
}

/** Returns the members of a record. A damaged record has none. */
function parse(text: string | typeof WRONG_TYPE): { version?: unknown; value?: unknown } {
  try {
    return text === WRONG_TYPE ? {} : ((JSON.parse(text) as object | null) ?? {});
  } catch {
    return {};
  }
}
