import { CancelledError } from "../../core/errors.ts";

/** If the browser still shows this page after this time, `leavePage()` rejects. Milliseconds. */
const LEAVING_MS = 10_000;

/**
 * Navigates this page to the login page at `url`. The promise never resolves: either the browser leaves this page, or the
 * promise is rejected. If the server is slow, the browser can leave this page even after the rejection. The login can then
 * still succeed, because the pending request stays valid.
 * @throws CancelledError the browser did not leave the page in time, or the user acted on the page or came back to it
 */
export function leavePage(url: string): Promise<never> {
  return new Promise((_, reject) => {
    // If another navigation has already started, `assign()` aborts that navigation, and the browser fires `navigateerror`. This
    // event must not reject the promise. So the listeners are added after `assign()`.
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
      if (event.isTrusted && !(event as KeyboardEvent).repeat)
        stay("the user clicked or typed on this page before the login page opened");
    };
    const onPageShow = ({ persisted }: PageTransitionEvent) => {
      if (persisted) stay("the user came back to this page without logging in");
    };
    // The browser fires `navigateerror` when the user presses the Stop button, or chooses "Stay" in a `beforeunload` dialog.
    // If the server responds with 204, the browser stays on this page and does not fire the event. Then the timer ends the
    // wait.
    globalThis.navigation?.addEventListener(
      "navigateerror",
      () => stay("the navigation to the login page was stopped"),
      {
        signal,
      },
    );
    addEventListener("pointerdown", onAct, { signal, capture: true });
    addEventListener("keydown", onAct, { signal, capture: true });
    addEventListener("pageshow", onPageShow, { signal });
  });
}
