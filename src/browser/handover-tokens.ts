import { NoTokenError } from "../core/errors.ts";
import type { ClientKey } from "../core/keys.ts";
import type { Clock, Random } from "../core/ports.ts";
import type { SessionStore, TokenRecord } from "../core/session.ts";

export interface HandoverConfig {
  readonly client: ClientKey;
  readonly clock: Clock;
  readonly random: Random;
  /** How long one question waits. Milliseconds; two seconds when not given. */
  readonly answerMs?: number;
}

type HandoverMessage =
  | { readonly p: 1; readonly t: "ask"; readonly memory: string }
  | { readonly p: 1; readonly t: "give"; readonly memory: string; readonly record: TokenRecord }
  | { readonly p: 1; readonly t: "drop"; readonly memory: string };

/** The newest ones of each person: an older answer is of no use to anybody. */
const HELD = 8;
const ASKED = 2;

/**
 * Tokens that are on no disk: the row holds a name for them, and the tabs have them in memory and give them to each other.
 * Any script of this origin could ask, too. When no tab is left, they are gone.
 */
export class HandoverTokens implements Required<Pick<SessionStore, "seal" | "open" | "discard">> {
  readonly #config: HandoverConfig;
  readonly #held = new Map<string, TokenRecord>();
  readonly #waiting = new Set<() => void>();
  #channel: BroadcastChannel | undefined;

  constructor(config: HandoverConfig) {
    this.#config = config;
  }

  /** The other tabs have them before the row names them: this one may close in between. */
  seal(record: TokenRecord): Promise<unknown> {
    const memory = this.#config.random.id();
    this.#hold(memory, record);
    this.#say({ p: 1, t: "give", memory, record });
    return Promise.resolve({ memory });
  }

  /** @throws NoTokenError no tab has them any more */
  async open(tokens: unknown): Promise<TokenRecord> {
    const { memory } = tokens as { memory: string };
    for (let tries = 0; tries < ASKED && !this.#held.has(memory); tries++) await this.#ask(memory);
    const record = this.#held.get(memory);
    if (record) return record;
    throw new NoTokenError("no open tab has the tokens of this session");
  }

  discard(tokens: unknown): void {
    const { memory } = tokens as { memory: string };
    this.#drop(memory);
    this.#say({ p: 1, t: "drop", memory });
  }

  /** Those, and the person's older ones: newer ones are of another login. */
  #drop(memory: string): void {
    const theirs = this.#ofSamePerson(memory);
    for (const name of theirs.slice(0, theirs.indexOf(memory) + 1)) this.#held.delete(name);
  }

  /** The oldest first. */
  #ofSamePerson(memory: string): readonly string[] {
    const sub = this.#held.get(memory)?.user.sub;
    return [...this.#held].filter(([, { user }]) => user.sub === sub).map(([name]) => name);
  }

  #hold(memory: string, record: TokenRecord): void {
    this.#held.set(memory, record);
    for (const old of this.#ofSamePerson(memory).slice(0, -HELD)) this.#held.delete(old);
    for (const look of [...this.#waiting]) look();
  }

  async #ask(memory: string): Promise<void> {
    const { clock, answerMs = 2_000 } = this.#config;
    const leave = new AbortController();
    let look = () => {};
    const given = new Promise<void>((resolve) => {
      look = () => {
        if (this.#held.has(memory)) resolve();
      };
    });
    this.#waiting.add(look);
    this.#say({ p: 1, t: "ask", memory });
    await Promise.race([given, clock.sleep(answerMs, leave.signal).catch(() => {})]);
    this.#waiting.delete(look);
    leave.abort();
  }

  #say(message: HandoverMessage): void {
    this.#channel ??= this.#open();
    this.#channel.postMessage(message);
  }

  /** For as long as the page lives: whoever holds tokens answers. */
  #open(): BroadcastChannel {
    const channel = new BroadcastChannel(`latchkey/1/${this.#config.client}/handover`);
    channel.onmessage = ({ data }: MessageEvent<HandoverMessage>) => {
      if (data.t === "give") return this.#hold(data.memory, data.record);
      if (data.t === "drop") return this.#drop(data.memory);
      const record = this.#held.get(data.memory);
      if (record) this.#say({ p: 1, t: "give", memory: data.memory, record });
    };
    return channel;
  }
}
