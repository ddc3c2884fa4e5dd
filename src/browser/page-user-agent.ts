import { CancelledError } from "../core/errors.ts";
import type { Trip, UserAgent } from "../core/user-agent.ts";

/** Goes to the authorization endpoint with the page itself; the response comes back to a new page. */
export class PageUserAgent implements UserAgent {
  readonly #redirectUri: () => string;

  /** @param redirectUri absolute; a function, because a relative one can be resolved in a page only */
  constructor(redirectUri: () => string) {
    this.#redirectUri = redirectUri;
  }

  open(): Trip {
    return { redirectUri: this.#redirectUri(), go: leavePage, close: () => {} };
  }
}

/** Does not settle once the navigation began, unless the person comes back to this very page. */
function leavePage(url: string): Promise<never> {
  return new Promise((_, reject) => {
    const onPageShow = ({ persisted }: PageTransitionEvent) => {
      if (!persisted) return;
      removeEventListener("pageshow", onPageShow);
      reject(new CancelledError("the person came back without signing in"));
    };
    addEventListener("pageshow", onPageShow);
    location.assign(url);
  });
}
