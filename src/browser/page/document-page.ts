import { ConfigurationError } from "../../core/errors.ts";
import type { Page } from "../../core/ports.ts";
import { DocumentLifecycle } from "./document-lifecycle.ts";

/** The document this code runs in. */
export class DocumentPage implements Page {
  readonly lifecycle = new DocumentLifecycle();

  unsupported(): ConfigurationError | undefined {
    if (typeof document === "undefined") {
      return new ConfigurationError(
        "environment",
        "this is not a browser page",
        "Call getToken() and login() in the browser only, for example in an effect or an event handler.",
      );
    }
    if (!isSecureContext) {
      return new ConfigurationError(
        "secure context",
        "this page was not loaded over https",
        "Serve it over https, or from http://localhost while developing.",
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

  // Not `navigator.userActivation`: it stays true over navigations within the origin, and has no time.
  onActivation(listener: () => void): () => void {
    const ended = new AbortController();
    const options = { signal: ended.signal, capture: true, passive: true };
    const tell = (event: Event) => {
      // Escape stops things, and so asks for nothing.
      if (event.isTrusted && (event as KeyboardEvent).key !== "Escape") listener();
    };
    addEventListener("pointerdown", tell, options);
    addEventListener("keydown", tell, options);
    return () => ended.abort();
  }
}

/** In a sandboxed frame the very look at a storage may throw. */
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
    "this browser does not have it",
    "Use a current browser, outside of private modes and sandboxed frames that switch storage off.",
  );
}
