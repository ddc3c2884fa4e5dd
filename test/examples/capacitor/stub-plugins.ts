import type { AppPlugin, BrowserPlugin, PluginListenerHandle } from "./plugins.ts";

type Listener = (event: { url: string }) => void;

/** Plugins whose browser and system belong to the test. They behave as the plugins of version 8 do on Android and iOS. */
export class StubPlugins {
  readonly visited: string[] = [];
  isBrowserOpen = false;
  launchUrl: string | undefined;
  /** The plugin keeps the last URL until a listener receives it. */
  #retained: string | undefined;
  readonly #opens = new Set<Listener>();
  readonly #finishes = new Set<() => void>();

  readonly browser: BrowserPlugin = {
    open: async ({ url }) => {
      this.visited.push(url);
      this.isBrowserOpen = true;
    },
    close: async () => {
      if (!this.isBrowserOpen) throw new Error("No active window to close!");
      this.isBrowserOpen = false;
    },
    addListener: async (_, listener) => handleOf(this.#finishes, listener),
  };

  readonly app: AppPlugin = {
    getLaunchUrl: async () => (this.launchUrl === undefined ? undefined : { url: this.launchUrl }),
    addListener: async (_, listener) => {
      const url = this.#retained;
      this.#retained = undefined;
      if (url !== undefined) queueMicrotask(() => listener({ url }));
      return handleOf(this.#opens, listener);
    },
  };

  get listeners(): number {
    return this.#opens.size + this.#finishes.size;
  }

  /** The system opens the app with `url`. */
  openApp(url: string): void {
    if (this.#opens.size === 0) this.#retained = url;
    for (const listener of this.#opens) listener({ url });
  }

  /** The browser of the system closes. */
  finish(): void {
    this.isBrowserOpen = false;
    for (const listener of this.#finishes) listener();
  }
}

function handleOf<L>(listeners: Set<L>, listener: L): PluginListenerHandle {
  listeners.add(listener);
  return {
    remove: async () => {
      listeners.delete(listener);
    },
  };
}
