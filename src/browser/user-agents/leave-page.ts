import { CancelledError } from "../../core/errors.ts";

/** If the browser still shows this page after this time, `leavePage()` rejects. Milliseconds. */
const LEAVING_MS = 10_000;

/**
 * Navigates this page to the login page at `url`. The promise never resolves. If the browser stays on this page, the promise
 * rejects.
 * @throws CancelledError the browser did not leave this page in time, or the user acted on this page or came back to this page
 */
export function leavePage(url: string): Promise<never> {
  return new Promise((_, reject) => {
    // `assign()` aborts an earlier navigation, and the browser then fires `navigateerror`. The listeners must not receive this
    // event, so they are added after `assign()`.
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
    // The browser fires `navigateerror` when the user stops the navigation, for example with the Stop button.
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
