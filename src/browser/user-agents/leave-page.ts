import { CancelledError } from "../../core/errors.ts";

/** A page that is still open after this time counts as not left. Milliseconds. */
const LEAVING_MS = 10_000;

/**
 * Navigates this page to `url`. Does not settle when the browser leaves the page.
 * A slow server may respond after the rejection. The browser then still leaves this page, and the login can succeed, because
 * the pending request stays valid.
 * @throws CancelledError the browser did not leave the page, or restored the page from the bfcache
 */
export function leavePage(url: string): Promise<never> {
  return new Promise((_, reject) => {
    // Called before the listeners are added: it aborts a running navigation, whose `navigateerror` must not count here.
    location.assign(url);
    const settled = new AbortController();
    const { signal } = settled;
    const stay = (reason: string) => {
      settled.abort();
      clearTimeout(timer);
      reject(new CancelledError(reason));
    };
    const timer = setTimeout(() => {
      stay(`the browser did not leave this page within ${LEAVING_MS} ms`);
    }, LEAVING_MS);
    const onAct = (event: Event) => {
      if (event.isTrusted && !(event as KeyboardEvent).repeat) stay("the user stayed on this page");
    };
    const onPageShow = ({ persisted }: PageTransitionEvent) => {
      if (persisted) stay("the user came back without logging in");
    };
    // Fires for the Stop button and for "Stay" in a `beforeunload` dialog, but not for a 204 response.
    globalThis.navigation?.addEventListener(
      "navigateerror",
      () => stay("the navigation was stopped"),
      {
        signal,
      },
    );
    addEventListener("pointerdown", onAct, { signal, capture: true });
    addEventListener("keydown", onAct, { signal, capture: true });
    addEventListener("pageshow", onPageShow, { signal });
  });
}
