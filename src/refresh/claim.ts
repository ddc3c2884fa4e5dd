import { RefreshTokenError, RequestTokenError, type ServerFacts } from "../core/errors.ts";
import type { RefreshAnswer, RefreshedTokens } from "../core/refresher.ts";
import type { SessionRow } from "../core/session.ts";
import { backOff, untilOnline } from "./back-off.ts";
import { ownerLock, satisfying, tell, type Run } from "./run.ts";
import {
  claimAttempt,
  commitAnswer,
  dropAttempt,
  endSession,
  type ClaimedRow,
} from "./transactions.ts";
import type { Next } from "./states.ts";
import { untilStored } from "./until-stored.ts";
import { verifyCommitted } from "./verify-committed.ts";

/** CLAIM: what a send needs is loaded first, so that nothing is claimed that cannot be sent. */
export async function claim(run: Run, seen: SessionRow): Promise<Next> {
  await run.ports.send.prepare();
  const attId = run.ports.random.id();
  return run.ports.locks.request<Next>(ownerLock(attId), { mode: "exclusive" }, () =>
    attempt(run, attId, seen),
  );
}

/** Sends until the server gives a definite answer. Every send comes directly after a T1 of its own. */
async function attempt(run: Run, attId: string, seen: SessionRow): Promise<Next> {
  const { store, send, page, clock } = run.ports;
  const record = await store.open(seen.tokens);
  let certain = false;
  let waited = false;
  for (;;) {
    const claimed = await claimAttempt(run, attId, seen, certain);
    if (!claimed) return { state: "READ" };
    tell(run, claimed.sid, { t: "claim", seq: claimed.att.seq, attId });
    // Browsers are not always right about being offline: after the wait the network is tried all the same.
    const answer: RefreshAnswer =
      waited || page.online() ? await send.send(record, claimed.att.want) : { type: "unsent" };
    const pause = backOff(run, claimed.att.tries);
    switch (answer.type) {
      case "tokens":
        return committed(run, claimed, answer.tokens);
      case "invalid_grant":
        return ended(run, claimed);
      case "refused":
        return refused(run, claimed, answer.facts);
      case "unsent":
        await untilOnline(run);
        break;
      case "not_rotated":
        run.failure = answer.cause;
        await clock.sleep(Math.max(pause, answer.retryAfterMs ?? 0));
        break;
      case "unknown":
        run.failure = answer.cause;
        await clock.sleep(pause);
        break;
    }
    // What is known not to have used the token does not count as a send that may be lost.
    certain = answer.type !== "unknown";
    waited = answer.type === "unsent";
    seen = claimed;
  }
}

async function committed(run: Run, claimed: ClaimedRow, answer: RefreshedTokens): Promise<Next> {
  // The answer exists only here and may carry the only good refresh token.
  const row = await untilStored(run, () => commitAnswer(run, claimed, answer));
  if (!row) return { state: "READ" };
  run.committedGen = row.gen;
  tell(run, row.sid, { t: "done", gen: row.gen, seq: row.cseq, want: claimed.att.want });
  // Not awaited: callers get their token now, a verdict that cannot be had leaves the ID token unverified.
  if (answer.idToken !== undefined) verifyCommitted(run, row).catch(() => {});
  const want = satisfying(run, row);
  return want === undefined ? { state: "READ" } : { state: "RETURN", row, want };
}

async function ended(run: Run, claimed: ClaimedRow): Promise<Next> {
  const why = claimed.att.n > 0 ? "lost_response" : "invalid_grant";
  // A second send of the same token would be answered the same and then be taken for a lost response.
  const row = await untilStored(run, () => endSession(run, claimed, why));
  if (!row) return { state: "READ" };
  tell(run, row.sid, { t: "ended", why, seq: claimed.att.seq });
  throw new RefreshTokenError(why);
}

async function refused(run: Run, claimed: ClaimedRow, facts: ServerFacts): Promise<Next> {
  // Left in the row it would be followed, and the same be refused again.
  const wasOurs = await untilStored(run, () => dropAttempt(run, claimed));
  // The attempt of an owner that ended was repeated as it stood: its want is not this run's.
  if (!wasOurs || claimed.att.want !== run.need.want) return { state: "READ" };
  throw new RequestTokenError("the authorization server refused this token", {
    ...facts,
    hint: "Ask for a scope, resource or audience that this client may have; the session stands.",
  });
}
