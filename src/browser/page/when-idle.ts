/** The longest time that `whenIdle()` waits for an idle browser. Milliseconds. */
const PATIENCE_MS = 5_000;
/** Safari has no idle callbacks. There, `whenIdle()` waits for this time after the page has loaded. Milliseconds. */
const WITHOUT_IDLE_CALLBACKS_MS = 200;

/**
 * Calls `work` when the page has loaded and the browser is idle.
 * @see https://www.w3.org/TR/requestidlecallback/
 */
export function whenIdle(work: () => void): void {
  const wait = () => {
    if ("requestIdleCallback" in window) requestIdleCallback(work, { timeout: PATIENCE_MS });
    else setTimeout(work, WITHOUT_IDLE_CALLBACKS_MS);
  };
  if (document.readyState === "complete") wait();
  else addEventListener("load", wait, { once: true });
}
