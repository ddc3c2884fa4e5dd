import type { RefreshedTokens } from "../core/refresher.ts";
import { satisfying, tell, type Run } from "./run.ts";
import type { Next } from "./states.ts";
import { commitAnswer, mergedRow, type ClaimedRow } from "./transactions.ts";
import { untilStored } from "./until-stored.ts";
import { verifyCommitted } from "./verify-committed.ts";

/** What follows an answer with tokens. It exists only here, and may carry the only good refresh token. */
export async function commit(
  run: Run,
  claimed: ClaimedRow,
  answer: RefreshedTokens,
): Promise<Next> {
  const row = await untilStored(run, commitAnswer(run, claimed, answer), async () => {
    const unstored = await mergedRow(run, claimed, answer);
    run.committedGen = unstored.gen;
    const want = satisfying(run, unstored);
    if (want !== undefined) run.onUnstored({ row: unstored, want });
  });
  if (!row) {
    // Of an attempt that was only overtaken it is not revoked: the session stands.
    if (answer.refreshToken !== undefined)
      run.ports.send.revoke(run.need.user, answer.refreshToken).catch(() => {});
    return { state: "READ" };
  }
  run.committedGen = row.gen;
  tell(run, row.sid, { t: "done", gen: row.gen, seq: row.cseq, want: claimed.att.want });
  // Not awaited: callers get their token now, a verdict that cannot be had leaves the ID token unverified.
  verifyCommitted(run, row).catch(() => {});
  const want = satisfying(run, row);
  return want === undefined ? { state: "READ" } : { state: "RETURN", row, want };
}
