import type { TabMessage } from "../../src/core/message.ts";
import type { TabChannel } from "../../src/core/ports.ts";

/** A channel between tabs in one process. Each tab receives all messages, asynchronously and in order. */
export class MemoryTabHub {
  readonly #tabs = new Set<Set<(message: TabMessage) => void>>();

  join(): TabChannel {
    const listeners = new Set<(message: TabMessage) => void>();
    this.#tabs.add(listeners);
    return {
      post: (message) => {
        queueMicrotask(() => {
          for (const tab of this.#tabs)
            for (const listener of tab) listener(structuredClone(message));
        });
      },
      listen: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
  }
}
