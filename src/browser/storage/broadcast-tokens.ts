import { NoTokenError } from "../../core/errors.ts";
import { parseHandoverMessage, type HandoverMessage } from "../../core/handover-message.ts";
import type { ClientKey } from "../../core/keys.ts";
import { isTokenName } from "../../core/parse-row.ts";
import type { Clock, Random } from "../../core/ports.ts";
import type { SessionStore, TokenRecord } from "../../core/session.ts";
import { TokenLocks } from "../tabs/token-locks.ts";

/** Configuration of `BroadcastTokens`. */
export interface BroadcastTokensConfig {
  /** The client's key, as `clientKey()` returns it. All tabs of this client share the tokens. */
  readonly client: ClientKey;
  readonly clock: Clock;
  readonly random: Random;
  /** The maximum time that this tab waits for tokens after it has asked the other tabs. Milliseconds. Default: 2,000. */
  readonly responseMs?: number;
}

/**
 * The maximum number of token records that a tab keeps per user. If there are more records, the tab deletes the oldest record.
 */
const HELD = 8;
/** `open()` asks the other tabs at most this many times for the same tokens. */
const ASKED = 2;
/** While a tab waits for tokens, the tab checks at this interval whether another tab still has the tokens. Milliseconds. */
const LOOK_MS = 100;
/** The maximum time that `seal()` waits for the lock of the tokens. Milliseconds. */
const LOCK_MS = 1_000;

/**
 * Stores tokens in the memory of the open tabs, and not on disk. The session on disk contains a random id in place of the
 * tokens. When the last tab closes, the tokens are lost.
 *
 * The tabs broadcast the tokens to each other, so any script of this origin can receive the tokens. Each tab that has the
 * tokens holds a shared Web Lock. The lock shows the other tabs that the tokens still exist.
 */
export class BroadcastTokens implements Required<Pick<SessionStore, "seal" | "open" | "discard">> {
  readonly #config: BroadcastTokensConfig;
  readonly #cached = new Map<string, TokenRecord>();
  readonly #locks = new TokenLocks();
  readonly #waiting = new Set<() => void>();
  #channel: BroadcastChannel | undefined;

  constructor(config: BroadcastTokensConfig) {
    this.#config = config;
  }

  /**
   * Keeps the tokens in this tab, sends the tokens to the other tabs, and returns an id. The session stores this id in place of
   * the tokens.
   *
   * `seal()` returns after this tab has got the lock of the tokens, or after `LOCK_MS`. Without the lock, another tab would
   * conclude that the tokens are lost.
   */
  async seal(record: TokenRecord): Promise<unknown> {
    const { memory, isLocked } = this.keep(record);
    await Promise.race([isLocked, this.#config.clock.sleep(LOCK_MS)]);
    return { memory };
  }

  /**
   * Keeps the tokens in this tab, and sends the tokens to the other tabs. `memory` is the id of the tokens. `isLocked` resolves
   * when this tab holds the lock of the tokens.
   *
   * In an IndexedDB transaction, call this method and not `seal()`: `seal()` waits for the lock, and the transaction would end
   * during the wait.
   */
  keep(record: TokenRecord): { readonly memory: string; readonly isLocked: Promise<void> } {
    const memory = this.#config.random.id();
    const isLocked = this.#cache(memory, record);
    this.#say({ protocol: 2, type: "give", memory, record });
    return { memory, isLocked };
  }

  /**
   * Returns the tokens whose id is in `tokens`. If this tab does not have the tokens, asks the other tabs for the tokens.
   * @throws NoTokenError no tab has sent the tokens, or `tokens` contains no valid id
   */
  async open(tokens: unknown): Promise<TokenRecord> {
    if (!isTokenName(tokens))
      throw new NoTokenError("the stored session has no valid reference to its tokens");
    const { memory } = tokens;
    for (let sends = 0; sends < ASKED && !this.#cached.has(memory); sends++) {
      if (await this.#ask(memory)) break;
    }
    const record = this.#cached.get(memory);
    if (record) return record;
    throw new NoTokenError("no open tab has the tokens of this session");
  }

  /** Returns true when no tab has the tokens with the id `memory`. If the locks cannot be queried, returns false. */
  async areLost(memory: string): Promise<boolean> {
    return !this.#cached.has(memory) && (await this.#locks.isFree(memory));
  }

  discard(tokens: unknown): void {
    if (!isTokenName(tokens)) return;
    const { memory } = tokens;
    this.#drop(memory);
    this.#say({ protocol: 2, type: "drop", memory });
  }

  /**
   * Deletes the tokens with the id `memory`, and all older tokens of the same user. Newer tokens can belong to a later login,
   * so this method keeps the newer tokens.
   */
  #drop(memory: string): void {
    const names = this.#ofSameUser(memory);
    for (const name of names.slice(0, names.indexOf(memory) + 1)) this.#letGo(name);
  }

  /** Returns the ids of all tokens of one user, the oldest first. The user is the user of the tokens with the id `memory`. */
  #ofSameUser(memory: string): readonly string[] {
    const sub = this.#cached.get(memory)?.user.sub;
    return [...this.#cached].filter(([, { user }]) => user.sub === sub).map(([name]) => name);
  }

  #cache(memory: string, record: TokenRecord): Promise<void> {
    this.#cached.set(memory, record);
    const isLocked = this.#locks.hold(memory);
    for (const old of this.#ofSameUser(memory).slice(0, -HELD)) this.#letGo(old);
    for (const check of [...this.#waiting]) check();
    return isLocked;
  }

  #letGo(memory: string): void {
    this.#cached.delete(memory);
    this.#locks.release(memory);
  }

  /**
   * Asks the other tabs once for the tokens, and waits for the tokens.
   * - Resolves with true when no tab has the tokens. A second request would then be useless.
   * - Resolves with false when the tokens have arrived, or when `responseMs` has passed.
   */
  async #ask(memory: string): Promise<boolean> {
    const { clock, responseMs = 2_000 } = this.#config;
    const done = new AbortController();
    let check = () => {};
    const received = new Promise<false>((resolve) => {
      check = () => {
        if (this.#cached.has(memory)) resolve(false);
      };
    });
    this.#waiting.add(check);
    this.#say({ protocol: 2, type: "ask", memory });
    const late = clock.sleep(responseMs, done.signal).then(() => false);
    try {
      return await Promise.race([received, late, this.#untilLost(memory, done.signal)]);
    } finally {
      late.catch(() => {});
      this.#waiting.delete(check);
      done.abort();
    }
  }

  async #untilLost(memory: string, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#config;
    while (!signal.aborted && !(await this.areLost(memory))) {
      await clock.sleep(LOOK_MS, signal).catch(() => {});
    }
    return !signal.aborted;
  }

  #say(message: HandoverMessage): void {
    this.#channel ??= this.#open();
    this.#channel.postMessage(message);
  }

  /** Opens the channel, and never closes the channel: another tab can ask this tab for tokens at any time. */
  #open(): BroadcastChannel {
    const channel = new BroadcastChannel(`latchkey/2/${this.#config.client}/handover`);
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = parseHandoverMessage(data);
      if (message) this.#onMessage(message);
    };
    return channel;
  }

  #onMessage(message: HandoverMessage): void {
    const { memory } = message;
    const cached = this.#cached.get(memory);
    if (message.type === "drop") this.#drop(memory);
    // Records with the same id are equal, so a tab ignores a record that it already has.
    else if (message.type === "give" && !cached) void this.#cache(memory, message.record);
    else if (message.type === "ask" && cached)
      this.#say({ protocol: 2, type: "give", memory, record: cached });
  }
}
