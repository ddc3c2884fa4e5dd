import { ConfigurationError } from "../../core/errors.ts";
import type { Page, PageLifecycle } from "../../core/ports.ts";
import { DocumentLifecycle } from "./document-lifecycle.ts";

/**
 * The document that this code runs in.
 * @example
 * const problem = new DocumentPage().unsupported();
 * if (problem) console.warn(problem.message);
 */
export class DocumentPage implements Page {
  readonly lifecycle: PageLifecycle = new DocumentLifecycle();

  unsupported(): ConfigurationError | undefined {
    if (typeof document === "undefined") {
      return new ConfigurationError(
        "environment",
        "this code does not run in a browser page",
        "Call getToken() and login() in the browser only, for example in an effect or an event handler.",
      );
    }
    if (!isSecureContext) {
      return new ConfigurationError(
        "secure context",
        "this page was not loaded over https",
        "Serve the page over https, or from http://localhost during development.",
      );
    }
    const missing = ["indexedDB", "BroadcastChannel"].find((name) => !readable(name));
    return missing === undefined ? undefined : lacks(missing);
  }

  href(): string {
    return location.href;
  }

  navigate(url: string): void {
    location.assign(url);
  }

  replaceUrl(url: string): void {
    history.replaceState(history.state, "", url);
  }

  canNavigate(): boolean {
    return window.top === window && document.visibilityState === "visible";
  }

  // This method listens for events and does not read `navigator.userActivation`. `navigator.userActivation` stays true after a
  // navigation within the origin, and does not tell when the user acted.
  onActivation(listener: () => void): () => void {
    const ended = new AbortController();
    const options = { signal: ended.signal, capture: true, passive: true };
    const notify = (event: Event) => {
      // The Escape key usually cancels an action, so Escape does not count as an activation.
      if (event.isTrusted && (event as KeyboardEvent).key !== "Escape") listener();
    };
    addEventListener("pointerdown", notify, options);
    addEventListener("keydown", notify, options);
    return () => ended.abort();
  }
}

/** Returns true when the global exists and can be read. In a sandboxed frame, reading a storage global can throw. */
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
    "Use a current browser. A private window or a sandboxed frame can also block storage: open this page outside of it.",
  );
}
