import { RefreshTokenError } from "../core/errors.ts";
import type { RefreshResponse, RefusedRefresh } from "../core/refresher.ts";
import { userNeeded } from "../core/refusal.ts";
import type { SessionRow } from "../core/session.ts";
import { DEFAULT_TARGET } from "../core/token-target.ts";
import { Owner } from "./owner.ts";
import { requestError } from "./refusals.ts";
import { broadcast, type Run } from "./run.ts";
import type { Next } from "./states.ts";
import { takeTurn } from "./wake-turn.ts";
import {
  claimAttempt,
  endSession,
  storePause,
  storeRefusal,
  untilStored,
  type ClaimedRow,
} from "./transactions.ts";
import { follow } from "./watch.ts";
import { commit, endByClaim } from "./commit.ts";
import { afterRetryAfter, backOff, shortestPause, WAKE_MS, pauseAttempt } from "./pause.ts";

/**
 * The state CLAIM of the refresh machine: this tab stores a refresh attempt, and then sends the refresh token. Returns the next
 * state. If code that the request needs cannot be loaded, rejects and sends nothing.
 */
export async function claim(run: Run, seen: SessionRow, certain: boolean): Promise<Next> {
  await run.ports.send.prepare();
  // If the session already has a refresh attempt, this tab has already waited, and does not call `takeTurn()`.
  const { next, end } = seen.attempt
    ? { next: undefined, end: () => {} }
    : await takeTurn(run, seen);
  if (next) return next;
  const owner = new Owner(run);
  try {
    return await owner.hold(() => attempt(run, owner, seen, certain, end));
  } finally {
    end();
  }
}

/** Sends the refresh token, repeats the request after temporary failures, and returns the next state of the refresh machine. */
async function attempt(
  run: Run,
  owner: Owner,
  seen: SessionRow,
  certain: boolean,
  onClaimed: () => void,
): Promise<Next> {
  const { store, send, page, clock } = run.ports;
  const record = await store.open(seen.tokens);
  let waited = false;
  let nonces = 0;
  for (;;) {
    if (owner.isReleased) return { state: "READ" };
    const begun = clock.monotonic();
    const claimed = await claimAttempt(run, owner, seen, certain).catch((error: unknown) => {
      // When the page freezes or closes, the browser aborts the write. This abort is not an error.
      if (owner.isReleased || page.frozen()) return undefined;
      throw error;
    });
    onClaimed();
    if (!claimed) return { state: "READ" };
    if (owner.isReleased) return follow(run, claimed.attempt);
    seen = claimed;
    if (clock.monotonic() - begun > run.timing.permitMs) {
      // The write was so slow that another tab might soon start its own refresh. So this tab stores a new attempt before it
      // sends. The slow attempt sent nothing, so the slow attempt certainly did not use up the refresh token.
      certain = true;
      continue;
    }
    // If the browser reports no network connection, this tab waits first. The report can be wrong, so after a wait of
    // `backOffCapMs` this tab sends the request anyway.
    const isOffline: boolean = !waited && !page.online();
    if (!isOffline) owner.sending();
    broadcast(run, claimed.sessionId, {
      type: "claim",
      sequence: claimed.attempt.sequence,
      attemptId: owner.id,
    });
    const sentAt = clock.monotonic();
    const response: RefreshResponse = isOffline
      ? { type: "unsent" }
      : await send.send(record, claimed.attempt.target);
    // After the response `unknown`, the server might have used up the refresh token. After all other responses that lead to
    // another send, the refresh token is certainly not used up.
    certain = response.type !== "unknown";
    switch (response.type) {
      case "tokens":
      case "unusable":
        return commit(run, claimed, response);
      case "invalid_id_token":
        return endByClaim(run, claimed, response);
      case "invalid_grant":
        return ended(run, claimed);
      case "refused":
        return refused(run, claimed, response);
      case "moved":
      case "nonce":
        if (nonces++ === 0) continue;
        break;
      case "unsent":
        break;
      case "not_rotated":
      case "unknown":
        run.failure = response.cause;
        break;
    }
    // After the response `unknown`, the request might still be on its way to the server. The next request must not overtake
    // that request.
    const inFlightMs = response.type === "unknown" ? run.timing.drainMs : 0;
    const atLeastMs = isOffline
      ? 0
      : Math.max(inFlightMs, shortestPause(run, claimed.attempt.sends));
    await pause(
      run,
      owner,
      claimed,
      response,
      Math.max(0, atLeastMs - (clock.monotonic() - sentAt)),
    );
    await send.sync();
    waited = isOffline && clock.monotonic() - sentAt >= run.timing.backOffCapMs;
  }
}

/**
 * Waits before the refresh token is sent again. Before a long wait, this tab releases the lock of its refresh attempt, so that
 * another tab can refresh.
 */
async function pause(
  run: Run,
  owner: Owner,
  claimed: ClaimedRow,
  response: RefreshResponse,
  leastMs: number,
): Promise<void> {
  const { timing } = run;
  const full = backOff(run, claimed, claimed.attempt.sends);
  const ms = Math.max(
    leastMs,
    response.type === "unsent" ? timing.backOffCapMs : full,
    response.type === "not_rotated" && response.retryAfterMs !== undefined
      ? afterRetryAfter(run, claimed, response.retryAfterMs)
      : 0,
  );
  if (owner.age + ms >= timing.releaseMs) owner.leave();
  const retryAfterMs = response.type === "not_rotated" ? (response.retryAfterMs ?? 0) : 0;
  // Store the longer pause that the server requested, because the other tabs read the pause from the stored session.
  if (retryAfterMs > leastMs) await storePause(run, claimed, retryAfterMs).catch(() => {});
  const isServers =
    response.type === "not_rotated" || (response.type === "unknown" && response.byServer);
  const shortest = Math.max(leastMs, retryAfterMs, isServers ? 0 : WAKE_MS);
  const pause = { ms: Math.max(ms, shortest), leastMs: shortest, isServers };
  const isOver = await pauseAttempt(run, claimed, pause, () => !owner.isReleased);
  if (isOver) run.paused = claimed.attempt.sequence;
}

async function ended(run: Run, claimed: ClaimedRow): Promise<Next> {
  const reason = claimed.attempt.uncertainSends > 0 ? "lost_response" : "session_ended";
  // Repeat the write until the end of the session is stored. Otherwise another tab would send the rejected refresh token again.
  const row = await untilStored(run, () => endSession(run, claimed, { reason }));
  if (!row) return { state: "READ" };
  broadcast(run, row.sessionId, { type: "ended", reason, sequence: claimed.attempt.sequence });
  throw new RefreshTokenError(reason);
}

/**
 * Stores that the server refused to issue the requested token. This run might need a different token, so the next state is
 * READ.
 */
async function refused(run: Run, claimed: ClaimedRow, response: RefusedRefresh): Promise<Next> {
  run.failure = requestError(response.facts);
  const { target, sequence } = claimed.attempt;
  const row = await untilStored(run, () => storeRefusal(run, claimed, response));
  if (row && target === DEFAULT_TARGET && userNeeded(row)) {
    broadcast(run, row.sessionId, { type: "ended", reason: "user_needed", sequence });
  }
  return { state: "READ" };
}
