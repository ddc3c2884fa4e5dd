import {
  RefreshTokenError,
  RequestTokenError,
  StorageError,
  type ServerFacts,
} from "../core/errors.ts";
import type { RefreshAnswer, RefreshedTokens } from "../core/refresher.ts";
import type { SessionRow, TokenRecord } from "../core/session.ts";
import { backOff, untilOnline } from "./back-off.ts";
import type { Next } from "./machine.ts";
import { ownerLock, satisfying, tell, type Run } from "./run.ts";
import {
  claimAttempt,
  commitAnswer,
  dropAttempt,
  endSession,
  type ClaimedRow,
} from "./transactions.ts";
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
  const { store, send, page } = run.ports;
  const record = await store.open(seen.tokens);
  let certain = false;
  for (;;) {
    const claimed = await claimAttempt(run, attId, seen, certain);
    if (!claimed) return { state: "READ" };
    tell(run, claimed.sid, { t: "claim", seq: claimed.att.seq, attId });
    const answer: RefreshAnswer = page.online()
      ? await send.send(record, claimed.att.want)
      : { type: "unsent" };
    switch (answer.type) {
      case "tokens":
        return committed(run, claimed, record, answer.tokens);
      case "invalid_grant":
        return ended(run, claimed);
      case "refused":
        await dropAttempt(run, claimed);
        throw refused(answer.facts);
      case "unsent":
        await untilOnline(run);
        break;
      case "not_rotated":
        run.failure = answer.cause;
        await run.ports.clock.sleep(answer.retryAfterMs ?? backOff(run, claimed.att.tries));
        break;
      case "unknown":
        run.failure = answer.cause;
        await run.ports.clock.sleep(backOff(run, claimed.att.tries));
        break;
    }
    // What is known not to have used the token does not count as a send that may be lost.
    certain = answer.type !== "unknown";
    seen = claimed;
  }
}

async function committed(
  run: Run,
  claimed: ClaimedRow,
  record: TokenRecord,
  answer: RefreshedTokens,
): Promise<Next> {
  const row = await commitUntilStored(run, claimed, record, answer);
  if (!row) return { state: "READ" };
  run.committedGen = row.gen;
  tell(run, row.sid, { t: "done", gen: row.gen, seq: row.cseq, want: claimed.att.want });
  if (answer.idToken !== undefined) {
    const merged = await run.ports.store.open(row.tokens);
    // Not awaited: callers get their token now, a verdict that cannot be had leaves the ID token unverified.
    verifyCommitted(run, row, merged).catch(() => {});
  }
  const want = satisfying(run, row);
  return want === undefined ? { state: "READ" } : { state: "RETURN", row, want };
}

/** The answer exists only here and may carry the only good refresh token: a store that fails is asked again. */
async function commitUntilStored(
  run: Run,
  claimed: ClaimedRow,
  record: TokenRecord,
  answer: RefreshedTokens,
): Promise<SessionRow | undefined> {
  for (let tries = 0; ; tries++) {
    try {
      return await commitAnswer(run, claimed, record, answer);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      run.failure = error;
      await run.ports.clock.sleep(tries === 0 ? 0 : backOff(run, tries));
    }
  }
}

async function ended(run: Run, claimed: ClaimedRow): Promise<Next> {
  const why = claimed.att.n > 0 ? "lost_response" : "invalid_grant";
  const row = await endSession(run, claimed, why);
  if (!row) return { state: "READ" };
  tell(run, row.sid, { t: "ended", why, seq: claimed.att.seq });
  throw new RefreshTokenError(why);
}

function refused(facts: ServerFacts): RequestTokenError {
  return new RequestTokenError("the authorization server refused this token", {
    ...facts,
    hint: "Ask for a scope, resource or audience that this client may have; the session stands.",
  });
}
