import { ConfigurationError } from "../../core/errors.ts";
import type { Page, PageLifecycle } from "../../core/ports.ts";
import { warnInDevelopment } from "./development.ts";
import { DocumentLifecycle } from "./document-lifecycle.ts";

/**
 * The document that this code runs in.
 */
export class DocumentPage implements Page {
  readonly lifecycle: PageLifecycle = new DocumentLifecycle();

  isDocument(): boolean {
    return typeof document !== "undefined";
  }

  unsupported(): ConfigurationError | undefined {
    if (!this.isDocument()) {
      return new ConfigurationError(
        "environment",
        "this code does not run in a browser page",
        "Call getToken() and login() in the browser only, for example in an effect or an event handler.",
      );
    }
    const missing = ["indexedDB", "BroadcastChannel"].find((name) => !readable(name));
    if (missing !== undefined) return lacks(missing);
    if (readable("isSecureContext")) return undefined;
    return new ConfigurationError(
      "secure context",
      "this page was not loaded over https",
      "Serve the page over https, or from http://localhost during development.",
    );
  }

  href(): string {
    return location.href;
  }

  navigate(url: string): void {
    location.assign(url);
  }

  replace(url: string): void {
    location.replace(url);
  }

  replaceUrl(url: string): void {
    history.replaceState(history.state, "", url);
  }

  warn(message: string): void {
    warnInDevelopment(message);
  }

  canNavigate(): boolean {
    return window.top === window && document.visibilityState === "visible";
  }

  // This method listens for events, because `navigator.userActivation` does not report when the user acts.
  onActivation(listener: () => void): () => void {
    const ended = new AbortController();
    const options = { signal: ended.signal, capture: true, passive: true };
    const notify = (event: Event) => {
      // Users press Escape to cancel an action, so Escape is not an activation.
      if (event.isTrusted && (event as KeyboardEvent).key !== "Escape") listener();
    };
    addEventListener("pointerdown", notify, options);
    addEventListener("keydown", notify, options);
    return () => ended.abort();
  }
}

/** Returns true when the global `name` exists and can be read. In a sandboxed frame, a read of a storage global can throw. */
function readable(name: string): boolean {
  try {
    return Boolean((globalThis as unknown as Record<string, unknown>)[name]);
  } catch {
    return false;
  }
}

function lacks(name: string): ConfigurationError {
  return new ConfigurationError(
    name,
    `this page has no access to ${name}`,
    "Use a current browser. A private window or a sandboxed frame can block storage. In unit tests, jsdom and happy-dom have no IndexedDB: mock the module that calls createAuth().",
  );
}
