import type { ClientKey } from "../../core/keys.ts";
import type { TabMessage } from "../../core/message.ts";
import { parseTabMessage } from "../../core/parse-message.ts";
import type { TabChannel } from "../../core/ports.ts";

/**
 * Broadcasts messages between the tabs of one client. The sending tab receives its own messages, too. A `BroadcastChannel`
 * stays open only while there are listeners.
 * @see https://html.spec.whatwg.org/multipage/web-messaging.html#broadcasting-to-other-browsing-contexts
 */
export class BroadcastTabChannel implements TabChannel {
  readonly #name: string;
  readonly #listeners = new Set<(message: TabMessage) => void>();
  #channel: BroadcastChannel | undefined;

  constructor(client: ClientKey) {
    this.#name = `latchkey/2/${client}`;
  }

  post(message: TabMessage): void {
    queueMicrotask(() => this.#deliver(message));
    if (this.#channel) return this.#channel.postMessage(message);
    const channel = new BroadcastChannel(this.#name);
    channel.postMessage(message);
    channel.close();
  }

  listen(listener: (message: TabMessage) => void): () => void {
    this.#channel ??= this.#open();
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#channel?.close();
      this.#channel = undefined;
    };
  }

  #open(): BroadcastChannel {
    const channel = new BroadcastChannel(this.#name);
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = parseTabMessage(data);
      if (message) this.#deliver(message);
    };
    return channel;
  }

  #deliver(message: TabMessage): void {
    for (const listener of [...this.#listeners]) listener(message);
  }
}
