import { DocumentLifecycle } from "../browser/page/document-lifecycle.ts";
import type { Auth } from "../core/auth.ts";

/** A visible tab renews a token this long before it expires, or half of its lifetime before. Milliseconds. */
const VISIBLE_LEAD_MS = 120_000;
/** A hidden tab renews later, because a visible tab may have renewed by then. Its timers may be a minute late. Milliseconds. */
const HIDDEN_LEAD_MS = 65_000;
/** Each hidden tab renews at another time: it adds a random part of this to its lead. Milliseconds. */
const HIDDEN_JITTER_MS = 40_000;
/** The shortest time between two attempts. Milliseconds. */
const PAUSE_MS = 30_000;
/** `setTimeout` fires at once above 2³¹-1. Milliseconds. */
const MAX_TIMER_MS = 2e9;

/**
 * Renews tokens before they expire, even without calls of `getToken()`. Use it in apps that cannot wait for a refresh after a
 * long pause, such as a video call. Otherwise an unused session makes no requests. Several tabs may call it, and one of them
 * refreshes. Returns a function that stops it.
 * @throws ReferenceError there is no `document`: call it in a browser page only
 * @example
 * const stop = startAutoRefresh(auth);
 * addEventListener("pagehide", stop);
 */
export function startAutoRefresh(auth: Pick<Auth, "state" | "subscribe" | "getToken">): () => void {
  const lifecycle = new DocumentLifecycle();
  const jitterMs = Math.random() * HIDDEN_JITTER_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let triedAt = -Infinity;
  /** When the planned token expires, by the wall clock and by the monotonic clock: the wall clock may be set back. */
  let [end, endMonotonic] = [0, 0];

  const renew = () => {
    triedAt = performance.now();
    // `auth.state` has the result.
    auth.getToken({ cache: "reload", prompt: "none" }).catch(() => {});
    plan();
  };
  /** Returns the time until the token must be renewed. Milliseconds. Undefined when no user is signed in. */
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
