import type { PageEvent, PageLifecycle } from "../../core/ports.ts";

const EVENTS: readonly [target: () => EventTarget, type: string, event: PageEvent][] = [
  [() => document, "freeze", "freeze"],
  [() => document, "resume", "resume"],
  [() => document, "visibilitychange", "visible"],
  [() => window, "pagehide", "pagehide"],
  [() => window, "pageshow", "pageshow"],
  [() => window, "online", "online"],
];

/** The life of the document this code runs in. */
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
    // Before the listener's own, so that it finds `frozen()` as the event says.
    this.#watchSleep();
    const ended = new AbortController();
    for (const [target, type, event] of EVENTS) {
      const tell = (platform: Event) => {
        if (type === "pageshow" && !(platform as PageTransitionEvent).persisted) return;
        if (event !== "visible" || this.visible()) listener(event);
      };
      target().addEventListener(type, tell, { signal: ended.signal });
    }
    return () => ended.abort();
  }

  /** For as long as the page lives: who begins to listen in its sleep could not know of it. */
  #watchSleep(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.onEvent((event) => {
      if (event === "freeze" || event === "pagehide") this.#isFrozen = true;
      if (event === "resume" || event === "pageshow") this.#isFrozen = false;
    });
  }
}
