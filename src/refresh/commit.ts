import { RefreshTokenError } from "../core/errors.ts";
import type { GrantedAnswer, RefreshAnswer } from "../core/refresher.ts";
import { validateAtHand } from "./pending-signature.ts";
import { satisfying, tell, type Run } from "./run.ts";
import type { Next } from "./states.ts";
import { commitAnswer, endSession, mergedRow, type ClaimedRow } from "./transactions.ts";
import { untilStored } from "./until-stored.ts";

/** What follows an answer that used the refresh token. It exists only here, and may carry the only good refresh token. */
export async function commit(run: Run, claimed: ClaimedRow, answer: GrantedAnswer): Promise<Next> {
  const stored = await untilStored(run, commitAnswer(run, claimed, answer), async () => {
    const unstored = await mergedRow(run, claimed, answer);
    run.committedGen = unstored.gen;
    const want = satisfying(run, unstored);
    const row = await validateAtHand(run, unstored);
    if (row && want !== undefined) run.onUnstored({ row, want });
  });
  if (!stored) {
    // Not revoked if another tab only took the attempt over: `revoke` looks whether the session is still alive.
    const { refreshToken } = answer.type === "tokens" ? answer.tokens : answer;
    giveBack(run, refreshToken);
    return { state: "READ" };
  }
  run.committedGen = stored.gen;
  // The other tabs read the row when they hear `done`: an invalid signature is to be found before.
  const row = await validateAtHand(run, stored);
  if (!row) return { state: "READ" };
  tell(run, row.sid, { t: "done", gen: row.gen, seq: row.cseq, want: claimed.att.want });
  if (answer.type === "unusable" && claimed.att.want === run.need.want) throw answer.cause;
  const want = satisfying(run, row);
  return want === undefined ? { state: "READ" } : { state: "RETURN", row, want };
}

/** T3 for an ID token with a wrong claim: nothing of the response is stored or given. */
export async function endByClaim(
  run: Run,
  claimed: ClaimedRow,
  { claim, refreshToken }: Extract<RefreshAnswer, { type: "invalid_id_token" }>,
): Promise<Next> {
  const why = "id_token";
  const row = await untilStored(run, () => endSession(run, claimed, { why, claim }));
  giveBack(run, refreshToken);
  if (!row) return { state: "READ" };
  tell(run, row.sid, { t: "ended", why, seq: claimed.att.seq });
  throw new RefreshTokenError(why, { claim });
}

/** Nobody will use it. Callers do not wait for the server. */
function giveBack({ ports, need }: Run, refreshToken: string | undefined): void {
  if (refreshToken === undefined) return;
  ports.send.revoke(need.user, refreshToken).catch(() => {});
}
