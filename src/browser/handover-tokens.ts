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
  | { readonly p: 1; readonly t: "ask"; readonly memory: string; readonly nonce: string }
  | { readonly p: 1; readonly t: "give"; readonly nonce: string; readonly record: TokenRecord };

/** The newest ones: an older answer is of no use to anybody. */
const HELD = 4;
const ASKED = 2;

/**
 * Tokens that are on no disk: the row holds a name for them, and the tabs that have them in memory give them to tabs that
 * ask. Any script of this origin could ask, too. When no tab is left, they are gone.
 */
export class HandoverTokens implements Pick<SessionStore, "seal" | "open"> {
  readonly #config: HandoverConfig;
  readonly #held = new Map<string, TokenRecord>();
  #channel: BroadcastChannel | undefined;

  constructor(config: HandoverConfig) {
    this.#config = config;
  }

  seal(record: TokenRecord): Promise<unknown> {
    const memory = this.#config.random.id();
    this.#hold(memory, record);
    return Promise.resolve({ memory });
  }

  /** @throws NoTokenError no tab has them any more */
  async open(tokens: unknown): Promise<TokenRecord> {
    const { memory } = tokens as { memory: string };
    for (let tries = 0; tries < ASKED; tries++) {
      const record = this.#held.get(memory) ?? (await this.#ask(memory));
      if (record) return record;
    }
    throw new NoTokenError("no open tab has the tokens of this session");
  }

  #hold(memory: string, record: TokenRecord): void {
    this.#join();
    this.#held.set(memory, record);
    const [oldest] = this.#held.keys();
    if (this.#held.size > HELD) this.#held.delete(oldest!);
  }

  async #ask(memory: string): Promise<TokenRecord | undefined> {
    const { clock, random, answerMs = 2_000 } = this.#config;
    const channel = this.#join();
    const nonce = random.id();
    const leave = new AbortController();
    const given = new Promise<TokenRecord>((resolve) => {
      channel.addEventListener(
        "message",
        ({ data }: MessageEvent<HandoverMessage>) => {
          if (data.t === "give" && data.nonce === nonce) resolve(data.record);
        },
        { signal: leave.signal },
      );
    });
    channel.postMessage({ p: 1, t: "ask", memory, nonce } satisfies HandoverMessage);
    const late = clock.sleep(answerMs, leave.signal).then(
      () => undefined,
      () => undefined,
    );
    const record = await Promise.race([given, late]);
    leave.abort();
    if (record) this.#hold(memory, record);
    return record;
  }

  /** Open for as long as the page lives: whoever holds tokens answers. */
  #join(): BroadcastChannel {
    this.#channel ??= this.#open();
    return this.#channel;
  }

  #open(): BroadcastChannel {
    const channel = new BroadcastChannel(`latchkey/1/${this.#config.client}/handover`);
    channel.addEventListener("message", ({ data }: MessageEvent<HandoverMessage>) => {
      const record = data.t === "ask" ? this.#held.get(data.memory) : undefined;
      if (data.t !== "ask" || !record) return;
      channel.postMessage({ p: 1, t: "give", nonce: data.nonce, record } satisfies HandoverMessage);
    });
    return channel;
  }
}
