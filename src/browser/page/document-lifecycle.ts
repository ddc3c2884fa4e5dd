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
  #listeners = 0;
  #isEnded = false;
  #unwatch: (() => void) | undefined;

  online(): boolean {
    return navigator.onLine;
  }

  visible(): boolean {
    return document.visibilityState === "visible";
  }

  /**
   * Returns true while the page is frozen or in the bfcache. After the last listener of `onEvent()` was removed, returns
   * false.
   */
  frozen(): boolean {
    if (!this.#isEnded) this.#watchSleep();
    return this.#isFrozen;
  }

  onEvent(listener: (event: PageEvent) => void): () => void {
    // First add the listeners that set `#isFrozen`. Listeners run in the order in which they were added, so `frozen()` is
    // correct when `listener` runs.
    this.#listeners++;
    this.#isEnded = false;
    this.#watchSleep();
    let end: (() => void) | undefined = this.#add(listener);
    return () => {
      if (!end) return;
      end();
      end = undefined;
      this.#listeners--;
      if (this.#listeners > 0) return;
      this.#unwatch?.();
      this.#unwatch = undefined;
      this.#isFrozen = false;
      this.#isEnded = true;
    };
  }

  #watchSleep(): void {
    this.#unwatch ??= this.#add((event) => {
      if (event === "freeze" || event === "pagehide") this.#isFrozen = true;
      if (event === "resume" || event === "pageshow") this.#isFrozen = false;
    });
  }

  #add(listener: (event: PageEvent) => void): () => void {
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
}
