import { chunk } from "../../core/lazy.ts";
import type { RoundTrip, UserAgent } from "../../core/user-agent.ts";

/**
 * Navigates this page to the authorization endpoint. The authorization response arrives in a new page load.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1
 * @example
 * const page = new PageUserAgent(() => new URL("/", location.href).href);
 */
export class PageUserAgent implements UserAgent {
  readonly #redirectUri: () => string;

  /**
   * @param redirectUri returns the absolute redirect URI. `open()` calls this function. The app can configure a relative URI,
   * and only code in a page can make a relative URI absolute. The constructor also runs outside a page, so it gets a function.
   */
  constructor(redirectUri: () => string) {
    this.#redirectUri = redirectUri;
  }

  open(): RoundTrip {
    // The code for the navigation is loaded while the caller prepares the authorization request.
    const loading = chunk(import("./leave-page.ts"));
    loading.catch(() => {});
    const navigate = async (url: string) => (await loading).leavePage(url);
    return { redirectUri: this.#redirectUri(), navigate, close: () => {} };
  }
}
