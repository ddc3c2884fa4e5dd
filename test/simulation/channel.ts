import type { TabMessage } from "../../src/core/message.ts";
import type { TabChannel } from "../../src/core/ports.ts";
import { record, strikes, type Stage } from "./stage.ts";
import type { TabLifecycle } from "./tab-life.ts";

type Listener = (message: TabMessage) => void;

/** One BroadcastChannel between all tabs. */
export class Broadcast {
  readonly #stage: Stage;
  readonly #tabs = new Map<TabLifecycle, Set<Listener>>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** The channel of one tab. The tab receives its own messages at once, and all of them. */
  of(life: TabLifecycle): TabChannel {
    const listeners = new Set<Listener>();
    this.#tabs.set(life, listeners);
    life.onDeath(() => this.#tabs.delete(life));
    return {
      post: (message) => {
        record(this.#stage, { what: "message", message });
        queueMicrotask(() => life.deliver("message", () => onMessage(listeners, message)));
        this.#broadcast(life, message);
      },
      listen: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
  }

  #broadcast(from: TabLifecycle, message: TabMessage): void {
    const { scheduler, prng } = this.#stage;
    const prompt: (readonly [TabLifecycle, ReadonlySet<Listener>])[] = [];
    for (const [life, listeners] of this.#tabs) {
      if (life === from || strikes(this.#stage, "messages", 0.7)) continue;
      if (strikes(this.#stage, "messages", 0.3)) {
        scheduler.after(prng.between(0, 3_000), () => deliver(life, listeners, message));
      } else if (listeners.size > 0) {
        prompt.push([life, listeners]);
      }
    }
    if (prompt.length === 0) return;
    scheduler.after(prng.between(0, 5), () => {
      for (const [life, listeners] of prompt) deliver(life, listeners, message);
    });
  }
}

function deliver(life: TabLifecycle, listeners: ReadonlySet<Listener>, message: TabMessage): void {
  if (listeners.size > 0) life.deliver("message", () => onMessage(listeners, message));
}

function onMessage(listeners: ReadonlySet<Listener>, message: TabMessage): void {
  for (const listener of [...listeners]) listener(message);
}
