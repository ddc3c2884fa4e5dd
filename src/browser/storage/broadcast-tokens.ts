import { NoTokenError } from "../../core/errors.ts";
import { parseHandoverMessage, type HandoverMessage } from "../../core/handover-message.ts";
import type { ClientKey } from "../../core/keys.ts";
import { isTokenName } from "../../core/parse-row.ts";
import type { Clock, Random } from "../../core/ports.ts";
import type { SessionStore, TokenRecord } from "../../core/session.ts";
import { TokenLocks } from "../tabs/token-locks.ts";

/** Configuration of `BroadcastTokens`. */
export interface BroadcastTokensConfig {
  /** The key of the client whose tabs share the tokens. `clientKey()` returns it. */
  readonly client: ClientKey;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * When this tab requests tokens from the other tabs, it waits at most this long for a response. Milliseconds. Default:
   * 2,000.
   */
  readonly responseMs?: number;
}

/**
 * The maximum number of token records that a tab keeps per user. Each refresh adds a record. If there are more records, the
 * tab deletes the oldest record.
 */
const HELD = 8;
/**
 * The number of times that `open()` requests the same tokens from the other tabs. If no tab sends the tokens, `open()`
 * rejects.
 */
const ASKED = 2;
/**
 * While a tab waits for tokens, the tab checks at this interval whether another tab still holds the lock of the tokens. One
 * check is not enough: when a page is reloaded, the page loses its tokens at once, but the browser releases the page's lock a
 * moment later. Milliseconds.
 */
const LOOK_MS = 100;
/** The longest time for which `seal()` waits for the lock of the tokens. Milliseconds. */
const LOCK_MS = 1_000;

/**
 * Stores tokens in the memory of the open tabs, and not on disk. The session on disk contains a random id in place of the
 * tokens. The tabs broadcast the tokens to each other. Any script of this origin can request the tokens, too. When the last
 * tab closes, the tokens are lost. Each tab that has the tokens holds a shared lock. The name of the lock contains the id of
 * the tokens. If no tab holds the lock, all tabs have lost the tokens.
 * @example
 * const client = clientKey("https://id.example.com", "web");
 * const tokens = new BroadcastTokens({ client, clock: systemClock, random: systemRandom });
 * const rows = new IndexedDBSessionStore(createDatabase());
 * const sessions = sessionsWith(rows, async () => tokens);
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
   * Keeps the tokens in this tab, broadcasts the tokens, and returns their id. The caller stores the id in the session. Before
   * `seal()` returns, it waits until this tab holds the lock of the tokens, at most `LOCK_MS`. Without this wait, another tab
   * could read the session, find no lock, and conclude that all tabs have lost the tokens.
   */
  async seal(record: TokenRecord): Promise<unknown> {
    const { memory, isLocked } = this.keep(record);
    await Promise.race([isLocked, this.#config.clock.sleep(LOCK_MS)]);
    return { memory };
  }

  /**
   * Does the same as `seal()`, but does not wait for the lock. Use this method in an IndexedDB transaction, because the
   * transaction would end during the wait. `isLocked` resolves when this tab holds the lock.
   */
  keep(record: TokenRecord): { readonly memory: string; readonly isLocked: Promise<void> } {
    const memory = this.#config.random.id();
    const isLocked = this.#cache(memory, record);
    this.#say({ protocol: 2, type: "give", memory, record });
    return { memory, isLocked };
  }

  /**
   * Returns the tokens whose id is in `tokens`. If this tab does not have the tokens, requests them from the other tabs.
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

  /**
   * Returns true when no tab has the tokens with the id `memory`. Returns false when a tab has them, or when the locks cannot
   * be queried.
   */
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
   * Deletes the tokens with the id `memory`, and all older tokens of the same user. Newer tokens are not deleted, because they
   * can belong to a later login.
   */
  #drop(memory: string): void {
    const names = this.#ofSameUser(memory);
    for (const name of names.slice(0, names.indexOf(memory) + 1)) this.#letGo(name);
  }

  /** Finds the user of the tokens with the id `memory`. Returns the ids of all tokens of this user, the oldest first. */
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
   * Sends one request for the tokens to the other tabs, and waits for the tokens.
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

  /** Opens the channel. The channel is never closed, because another tab can ask this tab for tokens at any time. */
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
    // Records with the same id are equal. So if this tab already has a record with this id, the tab keeps its own record.
    else if (message.type === "give" && !cached) void this.#cache(memory, message.record);
    else if (message.type === "ask" && cached)
      this.#say({ protocol: 2, type: "give", memory, record: cached });
  }
}
