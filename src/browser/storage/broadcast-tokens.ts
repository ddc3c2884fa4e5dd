import { NoTokenError } from "../../core/errors.ts";
import { parseHandoverMessage, type HandoverMessage } from "../../core/handover-message.ts";
import type { ClientKey } from "../../core/keys.ts";
import { isTokenName } from "../../core/parse-row.ts";
import type { Clock, Random } from "../../core/ports.ts";
import type { SessionStore, TokenRecord } from "../../core/session.ts";
import { TokenLocks } from "../tabs/token-locks.ts";

/** Configuration of `BroadcastTokens`. */
export interface BroadcastTokensConfig {
  /** The client whose tabs share the tokens. */
  readonly client: ClientKey;
  readonly clock: Clock;
  readonly random: Random;
  /** How long one request to the other tabs waits. Milliseconds; default: 2,000. */
  readonly responseMs?: number;
}

/** Token records that a tab holds per user. No tab needs older records. */
const HELD = 8;
/** Requests to the other tabs for the same record. */
const ASKED = 2;
/** Interval between two queries of the lock: a page that reloads releases its lock a moment later. Milliseconds. */
const LOOK_MS = 100;
/** The longest time that `seal` waits for a lock. Milliseconds. */
const LOCK_MS = 1_000;

/**
 * Keeps tokens off the disk. The session row stores a name of the tokens; the open tabs hold the tokens in memory and
 * broadcast them to each other. Any script of this origin can request them, too. They are lost when the last tab closes.
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
   * Broadcasts the tokens and returns the name that the row stores. Waits for the lock first: this tab may close before the
   * row is written.
   */
  async seal(record: TokenRecord): Promise<unknown> {
    const { memory, isLocked } = this.keep(record);
    await Promise.race([isLocked, this.#config.clock.sleep(LOCK_MS)]);
    return { memory };
  }

  /** Does the same without waiting, for use in a transaction. `isLocked` resolves when the lock is held. */
  keep(record: TokenRecord): { readonly memory: string; readonly isLocked: Promise<void> } {
    const memory = this.#config.random.id();
    const isLocked = this.#cache(memory, record);
    this.#say({ protocol: 2, type: "give", memory, record });
    return { memory, isLocked };
  }

  /** Returns the tokens from this tab or another tab. @throws NoTokenError no tab has the tokens any more */
  async open(tokens: unknown): Promise<TokenRecord> {
    if (!isTokenName(tokens)) throw new NoTokenError("the stored session does not name its tokens");
    const { memory } = tokens;
    for (let sends = 0; sends < ASKED && !this.#cached.has(memory); sends++) {
      if (await this.#ask(memory)) break;
    }
    const record = this.#cached.get(memory);
    if (record) return record;
    throw new NoTokenError("no open tab has the tokens of this session");
  }

  /** True when no tab has the tokens. False when a tab has them, or when the locks cannot be queried. */
  async areLost(memory: string): Promise<boolean> {
    return !this.#cached.has(memory) && (await this.#locks.isFree(memory));
  }

  discard(tokens: unknown): void {
    if (!isTokenName(tokens)) return;
    const { memory } = tokens;
    this.#drop(memory);
    this.#say({ protocol: 2, type: "drop", memory });
  }

  /** Deletes these tokens and older ones of the same user. Newer tokens belong to a later login. */
  #drop(memory: string): void {
    const names = this.#ofSameUser(memory);
    for (const name of names.slice(0, names.indexOf(memory) + 1)) this.#letGo(name);
  }

  /** Names of all tokens of the same user, the oldest first. */
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

  /** Requests the tokens from the other tabs. Resolves with true when no tab has them, so that a repetition is useless. */
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

  /** Opens the channel for as long as the page exists: a tab that has tokens sends them to every tab that asks. */
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
    // A name always means the same tokens, so a cached record is never replaced.
    else if (message.type === "give" && !cached) void this.#cache(memory, message.record);
    else if (message.type === "ask" && cached)
      this.#say({ protocol: 2, type: "give", memory, record: cached });
  }
}
