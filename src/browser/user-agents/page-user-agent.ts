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
   * @param redirectUri returns the absolute redirect URI. The constructor can run outside a page, where a relative URI cannot
   * be resolved. So only `open()` calls this function.
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
