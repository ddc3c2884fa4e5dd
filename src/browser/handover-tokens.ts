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
  | { readonly p: 1; readonly t: "give"; readonly memory: string; readonly record: TokenRecord };

/** The newest ones: an older answer is of no use to anybody. */
const HELD = 8;
const ASKED = 2;

/**
 * Tokens that are on no disk: the row holds a name for them, and the tabs have them in memory and give them to each other.
 * Any script of this origin could ask, too. When no tab is left, they are gone.
 */
export class HandoverTokens implements Pick<SessionStore, "seal" | "open"> {
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

  #hold(memory: string, record: TokenRecord): void {
    this.#held.set(memory, record);
    const [oldest] = this.#held.keys();
    if (this.#held.size > HELD) this.#held.delete(oldest!);
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
      const record = this.#held.get(data.memory);
      if (record) this.#say({ p: 1, t: "give", memory: data.memory, record });
    };
    return channel;
  }
}
