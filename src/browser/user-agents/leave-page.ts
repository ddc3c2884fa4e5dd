import { CancelledError } from "../../core/errors.ts";

/** A page that is still here after this time did not leave. Milliseconds. */
const LEAVING_MS = 10_000;

/**
 * Rejects when this page stays or comes back, and does not settle when it leaves. A slow server may answer after that: then
 * the page leaves all the same, and the response is taken, because the pending request stays valid.
 */
export function leavePage(url: string): Promise<never> {
  return new Promise((_, reject) => {
    // First: it ends a navigation under way, which is an error of that one.
    location.assign(url);
    const over = new AbortController();
    const { signal } = over;
    const stay = (reason: string) => {
      over.abort();
      clearTimeout(timer);
      reject(new CancelledError(reason));
    };
    const timer = setTimeout(() => {
      stay(`this page did not leave within ${LEAVING_MS} ms`);
    }, LEAVING_MS);
    const onAct = (event: Event) => {
      if (event.isTrusted && !(event as KeyboardEvent).repeat) stay("the user stayed on this page");
    };
    const onPageShow = ({ persisted }: PageTransitionEvent) => {
      if (persisted) stay("the person came back without signing in");
    };
    // The Stop button, and "Stay" in a dialog of `beforeunload`; not a 204 response.
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
