import { DocumentLifecycle } from "../browser/page/document-lifecycle.ts";
import type { Auth } from "../core/auth.ts";

/** A visible tab renews a token this long before the token expires. Milliseconds. */
const VISIBLE_LEAD_MS = 120_000;
/**
 * A hidden tab renews a token this long before the token expires. The value is more than a minute, because browsers can delay
 * the timers of hidden tabs by a minute. Milliseconds.
 */
const HIDDEN_LEAD_MS = 65_000;
/**
 * The longest random time that a hidden tab adds to `HIDDEN_LEAD_MS`, so that hidden tabs do not all renew the token at once.
 * Milliseconds.
 */
const HIDDEN_JITTER_MS = 40_000;
/** The shortest time between two attempts of this tab to renew a token. Milliseconds. */
const PAUSE_MS = 30_000;
/** The longest delay for `setTimeout()`. The browser fires a timer at once if its delay is more than 2³¹-1 ms. Milliseconds. */
const MAX_TIMER_MS = 2e9;

/**
 * Renews the signed-in user's token before the token expires. Without this function, `getToken()` waits for a refresh when the
 * token has expired. Only apps that cannot wait, for example during a video call, need this function. Returns a function that
 * stops the renewal.
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
   * The expiry of the token by the wall clock (`end`) and by the monotonic clock (`endMonotonic`). The earlier expiry applies,
   * because a user can change the wall clock.
   */
  let [end, endMonotonic] = [0, 0];

  const renew = () => {
    triedAt = performance.now();
    // The new token appears in `auth.state`. After a failure, the next timer tries again.
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
