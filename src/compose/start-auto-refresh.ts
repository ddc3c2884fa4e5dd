import { DocumentLifecycle } from "../browser/page/document-lifecycle.ts";
import type { Auth } from "../core/auth.ts";

/** Before its end a token is renewed in a tab that can be seen, unless half of its life is less. Milliseconds. */
const VISIBLE_LEAD_MS = 120_000;
/** Later, and each tab at another time: what a seen tab did needs nobody else. Their timers may be a minute late. */
const HIDDEN_LEAD_MS = 65_000;
const HIDDEN_JITTER_MS = 40_000;
/** Between two tries. Milliseconds. */
const PAUSE_MS = 30_000;
/** A timer that is told to wait for longer does not wait at all. Milliseconds. */
const MAX_TIMER_MS = 2e9;

/**
 * Renews tokens before they end although nobody asks, for apps that cannot wait for a refresh after a long silence: a call,
 * a recording. Without it a session that nobody uses makes no requests. All tabs may do so; one of them refreshes.
 * Returns its undo.
 */
export function startAutoRefresh(auth: Pick<Auth, "state" | "subscribe" | "getToken">): () => void {
  const lifecycle = new DocumentLifecycle();
  const jitterMs = Math.random() * HIDDEN_JITTER_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let triedAt = -Infinity;
  /** Of the token that is planned for, by both clocks: the wall clock may be set back. */
  let [end, endMonotonic] = [0, 0];

  const renew = () => {
    triedAt = performance.now();
    // Its outcome is in the state, for everybody.
    auth.getToken({ cache: "reload", prompt: "none" }).catch(() => {});
    plan();
  };
  /** Milliseconds until the token is due. Undefined when no user is signed in. */
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
    if (ms !== undefined) timer = setTimeout(onTimer, Math.min(ms, MAX_TIMER_MS));
  };
  // The page may have been hidden since: then the token is due later.
  const onTimer = () => (dueMs() === 0 ? renew() : plan());

  const undo = [auth.subscribe(plan), lifecycle.onEvent(plan)];
  plan();
  return () => {
    for (const end of undo) end();
    clearTimeout(timer);
  };
}
