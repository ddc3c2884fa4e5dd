import { DocumentLifecycle } from "../browser/page/document-lifecycle.ts";
import type { Auth } from "../core/auth.ts";

/**
 * A visible tab renews a token this long before the token expires. If the token expires in less than twice this time, the tab
 * renews the token after half of the remaining time. Milliseconds.
 */
const VISIBLE_LEAD_MS = 120_000;
/**
 * A hidden tab renews a token this long before the token expires. The value is less than `VISIBLE_LEAD_MS`, so a visible tab
 * usually renews the token first, and hidden tabs send nothing. The value is more than a minute, because a browser can run the
 * timers of a hidden tab a minute late. Milliseconds.
 */
const HIDDEN_LEAD_MS = 65_000;
/**
 * Each hidden tab adds a random time to `HIDDEN_LEAD_MS`, so that hidden tabs do not all renew the token at once. The random
 * time is shorter than this. Milliseconds.
 */
const HIDDEN_JITTER_MS = 40_000;
/** The shortest time between two attempts of this tab to renew a token. Milliseconds. */
const PAUSE_MS = 30_000;
/**
 * The longest delay that this code passes to `setTimeout()`. If a delay is more than 2³¹-1 ms, the browser fires the timer at
 * once. Milliseconds.
 */
const MAX_TIMER_MS = 2e9;

/**
 * Renews the token of the signed-in user before it expires, even if the app does not call `getToken()`. Without this function,
 * a call of `getToken()` must wait for a refresh if the token has expired. Only apps that cannot wait, for example during a
 * video call, need this function. If several tabs call this function, only one of the tabs sends each
 * refresh. Returns a function that stops the renewal.
 * @throws ReferenceError there is no `document`, because the code does not run in a browser page
 * @example
 * const stop = startAutoRefresh(auth);
 * addEventListener("pagehide", stop);
 */
export function startAutoRefresh(auth: Pick<Auth, "state" | "subscribe" | "getToken">): () => void {
  const lifecycle = new DocumentLifecycle();
  const jitterMs = Math.random() * HIDDEN_JITTER_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let triedAt = -Infinity;
  /**
   * The time at which the token expires, by two clocks: `end` by the wall clock, and `endMonotonic` by the monotonic clock. If
   * the wall clock is set back, `end` comes too late. The earlier of the two times is used.
   */
  let [end, endMonotonic] = [0, 0];

  const renew = () => {
    triedAt = performance.now();
    // The result is ignored, because `auth` publishes it in `auth.state`. After a failure, the next timer tries again.
    auth.getToken({ cache: "reload", prompt: "none" }).catch(() => {});
    plan();
  };
  /** Returns the time from now until the next renewal, in milliseconds. Returns undefined when no user is signed in. */
  const dueMs = () => {
    const { state } = auth;
    if (state.status !== "authenticated") return undefined;
    if (end !== state.token.expiresAt) {
      end = state.token.expiresAt;
      endMonotonic = performance.now() + end - Date.now();
    }
    const remainingMs = Math.min(end - Date.now(), endMonotonic - performance.now());
    const leadMs = lifecycle.visible()
      ? Math.min(VISIBLE_LEAD_MS, remainingMs / 2)
      : Math.min(HIDDEN_LEAD_MS + jitterMs, remainingMs / 3);
    const soonestMs = triedAt + PAUSE_MS - performance.now();
    return Math.max(0, remainingMs - leadMs, soonestMs);
  };
  const plan = () => {
    clearTimeout(timer);
    const ms = dueMs();
    if (ms === undefined) return;
    timer = ms > MAX_TIMER_MS ? setTimeout(plan, MAX_TIMER_MS) : setTimeout(renew, ms);
  };

  const undo = [auth.subscribe(plan), lifecycle.onEvent(plan)];
  plan();
  return () => {
    for (const end of undo) end();
    clearTimeout(timer);
  };
}
