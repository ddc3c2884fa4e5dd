/**
 * Logins of a Capacitor app. The login page opens in the browser of the system (`@capacitor/browser`). The server sends the
 * response to a URL with the scheme of the app. The system then opens the app, and `@capacitor/app` tells the page the URL.
 */
import { CancelledError, type Auth } from "../../../src/index.ts";
import type { RoundTrip, UserAgent } from "../../../src/parts.ts";
import type { AppPlugin, BrowserPlugin } from "./plugins.ts";

/** Android can say that the browser is closed shortly before it says that the app was opened. Milliseconds. */
const GRACE_MS = 1_000;

export class CapacitorUserAgent implements UserAgent {
  readonly #redirectUri: string;
  readonly #browser: BrowserPlugin;
  readonly #app: AppPlugin;

  constructor(redirectUri: string, browser: BrowserPlugin, app: AppPlugin) {
    this.#redirectUri = redirectUri;
    this.#browser = browser;
    this.#app = app;
  }

  open(): RoundTrip {
    const closed = new AbortController();
    return {
      redirectUri: this.#redirectUri,
      navigate: (url) => this.#visit(url, closed.signal),
      close: () => closed.abort(),
    };
  }

  async endSession(url: string): Promise<void> {
    await this.#visit(url, new AbortController().signal).catch((error: unknown) => {
      // The user has read the server's page and closed it.
      if (!(error instanceof CancelledError)) throw error;
    });
  }

  /** Shows `url` in the browser of the system. Returns the URL that opens the app again. */
  async #visit(url: string, signal: AbortSignal): Promise<string> {
    const state = stateOf(url);
    let resolve: (opened: string) => void = () => {};
    let cancel: () => void = () => {};
    const opened = new Promise<string>((...settle) => {
      resolve = settle[0];
      cancel = () => settle[1](new CancelledError("the user closed the login page"));
    });
    signal.addEventListener("abort", cancel);
    const listeners = [
      // The plugin also repeats the last URL that no listener has received, such as the late response of a cancelled login.
      this.#app.addListener("appUrlOpen", (event) => {
        if (stateOf(event.url) === state) resolve(event.url);
      }),
      this.#browser.addListener("browserFinished", () => void setTimeout(cancel, GRACE_MS)),
    ];
    try {
      await Promise.all(listeners);
      if (!signal.aborted) await this.#browser.open({ url });
      return await opened;
    } finally {
      for (const listener of listeners) void listener.then((handle) => handle.remove());
      // On iOS the browser stays open when the app opens. The plugin rejects if no browser is open.
      await this.#browser.close().catch(() => {});
    }
  }
}

const HANDLED = "handled-launch-url";

/**
 * Handles the response with which the system has started the app, because it ended the app during the login. Call this function
 * before the first `getToken()`. Returns the path at which the app continues, if there was such a response.
 */
export async function resumeLogin(auth: Auth, app: AppPlugin): Promise<string | undefined> {
  const { url = "" } = (await app.getLaunchUrl()) ?? {};
  const state = url && stateOf(url);
  // The launch URL stays the same when the page reloads.
  if (!state || sessionStorage.getItem(HANDLED) === state) return undefined;
  sessionStorage.setItem(HANDLED, state);
  return (await auth.handleCallback(url))?.returnTo;
}

function stateOf(url: string): string | null {
  return new URL(url).searchParams.get("state");
}
