import { RefreshTokenError } from "../core/errors.ts";
import type { RefreshAnswer, RefusedRefresh } from "../core/refresher.ts";
import { userNeeded } from "../core/refusal.ts";
import type { SessionRow } from "../core/session.ts";
import { USUAL_WANT } from "../core/want.ts";
import { afterRetryAfter, backOff, shortestPause, WAKE_MS } from "./back-off.ts";
import { commit, endByClaim } from "./commit.ts";
import { Owner } from "./owner.ts";
import { pauseAttempt } from "./pause.ts";
import { requestError } from "./refusals.ts";
import { tell, type Run } from "./run.ts";
import type { Next } from "./states.ts";
import { takeTurn } from "./turn.ts";
import {
  claimAttempt,
  endSession,
  storePause,
  storeRefusal,
  type ClaimedRow,
} from "./transactions.ts";
import { untilStored } from "./until-stored.ts";
import { follow } from "./watch.ts";

/** CLAIM: what a send needs is loaded first, so that nothing is claimed that cannot be sent. */
export async function claim(run: Run, seen: SessionRow, certain: boolean): Promise<Next> {
  await run.ports.send.prepare();
  // Who follows another attempt has waited for that one already.
  const { next, end } = seen.att ? { next: undefined, end: () => {} } : await takeTurn(run, seen);
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
  isCertain: boolean,
  onClaimed: () => void,
): Promise<Next> {
  const { store, send, page, clock } = run.ports;
  const record = await store.open(seen.tokens);
  let certain = isCertain;
  let waited = false;
  let nonces = 0;
  for (;;) {
    if (owner.isReleased) return { state: "READ" };
    const begun = clock.mono();
    const claimed = await claimAttempt(run, owner, seen, certain).catch((error: unknown) => {
      // A page that falls asleep aborts its transactions, and looks again when it wakes.
      if (owner.isReleased || page.asleep()) return undefined;
      throw error;
    });
    onClaimed();
    if (!claimed) return { state: "READ" };
    if (owner.isReleased) return follow(run, claimed.att);
    seen = claimed;
    if (clock.mono() - begun > run.timing.permitMs) {
      // Slower than a waiter may be patient: what was read is old. Nothing was sent.
      certain = true;
      continue;
    }
    // Browsers are not always right about being offline: after the wait the network is tried all the same.
    const isOffline: boolean = !waited && !page.online();
    if (!isOffline) owner.sending();
    tell(run, claimed.sid, { t: "claim", seq: claimed.att.seq, attId: owner.id });
    const sentAt = clock.mono();
    const answer: RefreshAnswer = isOffline
      ? { type: "unsent" }
      : await send.send(record, claimed.att.want);
    // What is known not to have used the token does not count as a send that may be lost.
    certain = answer.type !== "unknown";
    switch (answer.type) {
      case "tokens":
      case "unusable":
        return commit(run, claimed, answer);
      case "invalid_id_token":
        return endByClaim(run, claimed, answer);
      case "invalid_grant":
        return ended(run, claimed);
      case "refused":
        return refused(run, claimed, answer);
      case "moved":
      case "nonce":
        if (nonces++ === 0) continue;
        break;
      case "unsent":
        break;
      case "not_rotated":
      case "unknown":
        run.failure = answer.cause;
        break;
    }
    // It may still be on its way, and must not be overtaken by the next one.
    const ghostMs = answer.type === "unknown" ? run.timing.drainMs : 0;
    const atLeastMs = isOffline ? 0 : Math.max(ghostMs, shortestPause(run, claimed.att.tries));
    await pause(run, owner, claimed, answer, Math.max(0, atLeastMs - (clock.mono() - sentAt)));
    await send.sync();
    waited = isOffline && clock.mono() - sentAt >= run.timing.backOffCapMs;
  }
}

/** Between two sends. Who would have to hold the lock for too long gives it away before. */
async function pause(
  run: Run,
  owner: Owner,
  claimed: ClaimedRow,
  answer: RefreshAnswer,
  leastMs: number,
): Promise<void> {
  const { timing } = run;
  const full = backOff(run, claimed, claimed.att.tries);
  const ms = Math.max(
    leastMs,
    answer.type === "unsent" ? timing.backOffCapMs : full,
    answer.type === "not_rotated" && answer.retryAfterMs !== undefined
      ? afterRetryAfter(run, claimed, answer.retryAfterMs)
      : 0,
  );
  if (owner.age + ms >= timing.releaseMs) owner.leave();
  const retryAfterMs = answer.type === "not_rotated" ? (answer.retryAfterMs ?? 0) : 0;
  // What is stored already ends sooner.
  if (retryAfterMs > leastMs) await storePause(run, claimed, retryAfterMs).catch(() => {});
  const isServers = answer.type === "not_rotated" || (answer.type === "unknown" && answer.byServer);
  const shortest = Math.max(leastMs, retryAfterMs, isServers ? 0 : WAKE_MS);
  const pause = { ms: Math.max(ms, shortest), leastMs: shortest, isServers };
  const isOver = await pauseAttempt(run, claimed, pause, () => !owner.isReleased);
  if (isOver) run.paused = claimed.att.seq;
}

async function ended(run: Run, claimed: ClaimedRow): Promise<Next> {
  const why = claimed.att.n > 0 ? "lost_response" : "invalid_grant";
  // A second send of the same token would be answered the same and then be taken for a lost response.
  const row = await untilStored(run, () => endSession(run, claimed, { why }));
  if (!row) return { state: "READ" };
  tell(run, row.sid, { t: "ended", why, seq: claimed.att.seq });
  throw new RefreshTokenError(why);
}

/** READ knows what the refusal means for this run: an attempt that was followed may be for another target. */
async function refused(run: Run, claimed: ClaimedRow, answer: RefusedRefresh): Promise<Next> {
  run.failure = requestError(answer.facts);
  const { want, seq } = claimed.att;
  const row = await untilStored(run, () => storeRefusal(run, claimed, answer));
  if (row && want === USUAL_WANT && userNeeded(row)) {
    tell(run, row.sid, { t: "ended", why: "user_needed", seq });
  }
  return { state: "READ" };
}
