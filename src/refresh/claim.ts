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

/** CLAIM: what a send needs is loaded first, so that nothing is claimed that cannot be sent. */
export async function claim(run: Run, seen: SessionRow, certain: boolean): Promise<Next> {
  await run.ports.send.prepare();
  // Who follows another attempt has waited for that one already.
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

/** Sends until the server gives a definite answer. Every send comes directly after a T1 of its own. */
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
      // A page that falls asleep aborts its transactions, and looks again when it wakes.
      if (owner.isReleased || page.frozen()) return undefined;
      throw error;
    });
    onClaimed();
    if (!claimed) return { state: "READ" };
    if (owner.isReleased) return follow(run, claimed.attempt);
    seen = claimed;
    if (clock.monotonic() - begun > run.timing.permitMs) {
      // Slower than a waiter may be patient: what was read is old. Nothing was sent.
      certain = true;
      continue;
    }
    // Browsers are not always right about being offline: after the wait the network is tried all the same.
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
    // What is known not to have used the token does not count as a send that may be lost.
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
    // It may still be on its way, and must not be overtaken by the next one.
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

/** Between two sends. Who would have to hold the lock for too long gives it away before. */
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
  // What is stored already ends sooner.
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
  // A second send of the same token would be answered the same and then be taken for a lost response.
  const row = await untilStored(run, () => endSession(run, claimed, { reason }));
  if (!row) return { state: "READ" };
  broadcast(run, row.sessionId, { type: "ended", reason, sequence: claimed.attempt.sequence });
  throw new RefreshTokenError(reason);
}

/** READ knows what the refusal means for this run: an attempt that was followed may be for another target. */
async function refused(run: Run, claimed: ClaimedRow, response: RefusedRefresh): Promise<Next> {
  run.failure = requestError(response.facts);
  const { target, sequence } = claimed.attempt;
  const row = await untilStored(run, () => storeRefusal(run, claimed, response));
  if (row && target === DEFAULT_TARGET && userNeeded(row)) {
    broadcast(run, row.sessionId, { type: "ended", reason: "user_needed", sequence });
  }
  return { state: "READ" };
}
