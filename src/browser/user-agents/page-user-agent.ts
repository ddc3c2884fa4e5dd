import { chunk } from "../../core/lazy.ts";
import type { RoundTrip, UserAgent } from "../../core/user-agent.ts";

/** Goes to the authorization endpoint with the page itself; the response comes back to a new page. */
export class PageUserAgent implements UserAgent {
  readonly #redirectUri: () => string;

  /** @param redirectUri absolute; a function, because a relative one can be resolved in a page only */
  constructor(redirectUri: () => string) {
    this.#redirectUri = redirectUri;
  }

  open(): RoundTrip {
    // Loaded while the request is prepared.
    const loading = chunk(import("./leave-page.ts"));
    loading.catch(() => {});
    const navigate = async (url: string) => (await loading).leavePage(url);
    return { redirectUri: this.#redirectUri(), navigate, close: () => {} };
  }
}
