import { NoTokenError } from "../../core/errors.ts";
import { parseHandoverMessage, type HandoverMessage } from "../../core/handover-message.ts";
import type { ClientKey } from "../../core/keys.ts";
import { isTokenName } from "../../core/parse-row.ts";
import type { Clock, Random } from "../../core/ports.ts";
import type { SessionStore, TokenRecord } from "../../core/session.ts";
import { TokenLocks } from "../tabs/token-locks.ts";

export interface BroadcastTokensConfig {
  readonly client: ClientKey;
  readonly clock: Clock;
  readonly random: Random;
  /** How long one question waits. Milliseconds; two seconds when not given. */
  readonly responseMs?: number;
}

/** The newest ones of each person: an older answer is of no use to anybody. */
const HELD = 8;
const ASKED = 2;
/** Between two looks at the lock: a page that reloads frees its own a moment later. Milliseconds. */
const LOOK_MS = 100;
/** The longest that a lock is waited for. Milliseconds. */
const LOCK_MS = 1_000;

/**
 * Tokens that are on no disk: the row holds a name for them, and the tabs have them in memory and give them to each other.
 * Any script of this origin could ask, too. When no tab is left, they are gone.
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

  /** The other tabs have them, and the lock is held, before the row names them: this one may close in between. */
  async seal(record: TokenRecord): Promise<unknown> {
    const { memory, isLocked } = this.keep(record);
    await Promise.race([isLocked, this.#config.clock.sleep(LOCK_MS)]);
    return { memory };
  }

  /** The same at once, for a transaction. */
  keep(record: TokenRecord): { readonly memory: string; readonly isLocked: Promise<void> } {
    const memory = this.#config.random.id();
    const isLocked = this.#cache(memory, record);
    this.#say({ protocol: 2, type: "give", memory, record });
    return { memory, isLocked };
  }

  /** @throws NoTokenError no tab has them any more */
  async open(tokens: unknown): Promise<TokenRecord> {
    if (!isTokenName(tokens)) throw new NoTokenError("the stored session names no tokens");
    const { memory } = tokens;
    for (let sends = 0; sends < ASKED && !this.#cached.has(memory); sends++) {
      if (await this.#ask(memory)) break;
    }
    const record = this.#cached.get(memory);
    if (record) return record;
    throw new NoTokenError("no open tab has the tokens of this session");
  }

  /** True when no tab has them. False when one has, or when nobody can tell. */
  async areLost(memory: string): Promise<boolean> {
    return !this.#cached.has(memory) && (await this.#locks.isFree(memory));
  }

  discard(tokens: unknown): void {
    if (!isTokenName(tokens)) return;
    const { memory } = tokens;
    this.#drop(memory);
    this.#say({ protocol: 2, type: "drop", memory });
  }

  /** Those, and the person's older ones: newer ones are of another login. */
  #drop(memory: string): void {
    const theirs = this.#ofSameUser(memory);
    for (const name of theirs.slice(0, theirs.indexOf(memory) + 1)) this.#letGo(name);
  }

  /** The oldest first. */
  #ofSameUser(memory: string): readonly string[] {
    const sub = this.#cached.get(memory)?.user.sub;
    return [...this.#cached].filter(([, { user }]) => user.sub === sub).map(([name]) => name);
  }

  #cache(memory: string, record: TokenRecord): Promise<void> {
    this.#cached.set(memory, record);
    const isLocked = this.#locks.hold(memory);
    for (const old of this.#ofSameUser(memory).slice(0, -HELD)) this.#letGo(old);
    for (const look of [...this.#waiting]) look();
    return isLocked;
  }

  #letGo(memory: string): void {
    this.#cached.delete(memory);
    this.#locks.release(memory);
  }

  /** True when nobody can answer: asking again would not help. */
  async #ask(memory: string): Promise<boolean> {
    const { clock, responseMs = 2_000 } = this.#config;
    const leave = new AbortController();
    let look = () => {};
    const given = new Promise<false>((resolve) => {
      look = () => {
        if (this.#cached.has(memory)) resolve(false);
      };
    });
    this.#waiting.add(look);
    this.#say({ protocol: 2, type: "ask", memory });
    const late = clock.sleep(responseMs, leave.signal).then(() => false);
    try {
      return await Promise.race([given, late, this.#untilLost(memory, leave.signal)]);
    } finally {
      late.catch(() => {});
      this.#waiting.delete(look);
      leave.abort();
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

  /** For as long as the page lives: whoever holds tokens answers. */
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
    // What a name stands for never changes.
    else if (message.type === "give" && !cached) void this.#cache(memory, message.record);
    else if (message.type === "ask" && cached)
      this.#say({ protocol: 2, type: "give", memory, record: cached });
  }
}
