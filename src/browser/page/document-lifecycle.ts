import type { PageEvent, PageLifecycle } from "../../core/ports.ts";

const EVENTS: readonly [target: () => EventTarget, type: string, event: PageEvent][] = [
  [() => document, "freeze", "freeze"],
  [() => document, "resume", "resume"],
  [() => document, "visibilitychange", "visible"],
  [() => window, "pagehide", "pagehide"],
  [() => window, "pageshow", "pageshow"],
  [() => window, "online", "online"],
];

/** The lifecycle of the document that this code runs in. @see https://wicg.github.io/page-lifecycle/ */
export class DocumentLifecycle implements PageLifecycle {
  #isFrozen = false;
  #isWatched = false;

  online(): boolean {
    return navigator.onLine;
  }

  visible(): boolean {
    return document.visibilityState === "visible";
  }

  frozen(): boolean {
    this.#watchSleep();
    return this.#isFrozen;
  }

  onEvent(listener: (event: PageEvent) => void): () => void {
    // First add the listeners that set `#isFrozen`. Listeners run in the order in which they were added, so `frozen()` is
    // correct when `listener` runs.
    this.#watchSleep();
    const ended = new AbortController();
    for (const [target, type, event] of EVENTS) {
      const notify = (platform: Event) => {
        if (type === "pageshow" && !(platform as PageTransitionEvent).persisted) return;
        if (event !== "visible" || this.visible()) listener(event);
      };
      target().addEventListener(type, notify, { signal: ended.signal });
    }
    return () => ended.abort();
  }

  /** Adds the listeners that set `#isFrozen`. The listeners are never removed, so that `#isFrozen` is always up to date. */
  #watchSleep(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.onEvent((event) => {
      if (event === "freeze" || event === "pagehide") this.#isFrozen = true;
      if (event === "resume" || event === "pageshow") this.#isFrozen = false;
    });
  }
}
