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
 * The state CLAIM: this tab refreshes the token.
 * 1. CLAIM loads the code and the data that it needs to send. If the loading fails, CLAIM rejects and stores nothing.
 * 2. CLAIM stores an attempt to refresh in the session's row. This tab is then the owner of the attempt.
 * 3. CLAIM sends the refresh token.
 */
export async function claim(run: Run, seen: SessionRow, certain: boolean): Promise<Next> {
  await run.ports.send.prepare();
  // When many tabs resume at once, `takeTurn()` lets one tab go first. If the row has an attempt, this tab has already waited
  // for that attempt, so `takeTurn()` is not needed.
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

/**
 * Sends the refresh token, once or several times, and returns the next state. Before each send, `claimAttempt()` stores the
 * attempt in the row.
 */
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
      // If the page freezes or closes, the browser aborts the transaction. The next state, READ, waits until the page resumes.
      if (owner.isReleased || page.frozen()) return undefined;
      throw error;
    });
    onClaimed();
    if (!claimed) return { state: "READ" };
    if (owner.isReleased) return follow(run, claimed.attempt);
    seen = claimed;
    if (clock.monotonic() - begun > run.timing.permitMs) {
      // The write took so long that another tab might soon take the attempt over. So this tab stores a new attempt before it
      // sends. This tab has not sent the slow attempt, so the slow attempt certainly did not use up the refresh token.
      certain = true;
      continue;
    }
    // If the browser reports that it is offline, this tab does not send the request yet, and waits. But the report might be
    // wrong. So after a wait of `backOffCapMs`, this tab sends the request even if the browser still reports offline.
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
    // After the response `unknown`, the refresh token might be used up, so the next `claimAttempt()` adds 1 to
    // `uncertainSends`. After every other response that leads to another send, the refresh token is certainly not used up.
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
    // After `unknown`, the request might still be in flight, and the next request must not overtake it.
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
 * Pauses before the next send. If the pause would end `releaseMs` or more after this tab's first send, this tab releases its
 * owner lock before the pause.
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
  // The server asked for a longer pause (`Retry-After`) than the row contains. Store the longer pause, because other tabs that
  // wait for this attempt read their pause from the row.
  if (retryAfterMs > leastMs) await storePause(run, claimed, retryAfterMs).catch(() => {});
  const isServers =
    response.type === "not_rotated" || (response.type === "unknown" && response.byServer);
  const shortest = Math.max(leastMs, retryAfterMs, isServers ? 0 : WAKE_MS);
  const pause = { ms: Math.max(ms, shortest), leastMs: shortest, isServers };
  const isOver = await pauseAttempt(run, claimed, pause, () => !owner.isReleased);
  if (isOver) run.paused = claimed.attempt.sequence;
}

async function ended(run: Run, claimed: ClaimedRow): Promise<Next> {
  const reason = claimed.attempt.uncertainSends > 0 ? "lost_response" : "invalid_grant";
  // Repeat the write until the end of the session is stored. Without a stored end, another tab would send the refresh token
  // again, and the server would reject the token again. The other tab would then report the reason `lost_response`. That reason
  // would be wrong, because this tab has received the response.
  const row = await untilStored(run, () => endSession(run, claimed, { reason }));
  if (!row) return { state: "READ" };
  broadcast(run, row.sessionId, { type: "ended", reason, sequence: claimed.attempt.sequence });
  throw new RefreshTokenError(reason);
}

/**
 * Stores that the server refused to issue a token for the attempt's target (scope, resource, audience). If this tab has
 * taken over the attempt of another tab, the attempt's target can differ from the target that this run requests. So the next
 * state, READ, decides whether the refusal applies to this run.
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
