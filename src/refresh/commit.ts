import type { GrantedResponse, RefreshResponse } from "../core/refresher.ts";
import { validateAtHand } from "./pending-signature.ts";
import type { Next } from "./states.ts";
import { commitResponse, mergedRow } from "./store-response.ts";
import { endSession, untilStored, type ClaimedRow } from "./transactions.ts";
import { RefreshTokenError } from "../core/errors.ts";
import { satisfying, broadcast, type Run } from "./run.ts";

/**
 * Stores a response for which the server used the refresh token. Only this tab has the response, which may have the only
 * valid refresh token.
 */
export async function commit(
  run: Run,
  claimed: ClaimedRow,
  response: GrantedResponse,
): Promise<Next> {
  const stored = await untilStored(run, commitResponse(run, claimed, response), async () => {
    const unstored = await mergedRow(run, claimed, response);
    run.committedGen = unstored.generation;
    const target = satisfying(run, unstored);
    const row = await validateAtHand(run, unstored);
    if (row && target !== undefined) run.onUnstored({ row, target });
  });
  if (!stored) {
    // Not revoked if another tab only took the attempt over: `revoke` checks whether the session is still alive.
    const { refreshToken } = response.type === "tokens" ? response.tokens : response;
    giveBack(run, refreshToken);
    return { state: "READ" };
  }
  run.committedGen = stored.generation;
  // The other tabs read the row after `done`, so an invalid signature must be found before.
  const row = await validateAtHand(run, stored);
  if (!row) return { state: "READ" };
  broadcast(run, row.sessionId, {
    type: "done",
    generation: row.generation,
    sequence: row.committedSequence,
    target: claimed.attempt.target,
  });
  if (response.type === "unusable" && claimed.attempt.target === run.need.target)
    throw response.cause;
  const target = satisfying(run, row);
  return target === undefined ? { state: "READ" } : { state: "RETURN", row, target };
}

/** T3 for an ID token with an invalid claim: nothing of the response is stored or returned. */
export async function endByClaim(
  run: Run,
  claimed: ClaimedRow,
  { claim, refreshToken }: Extract<RefreshResponse, { type: "invalid_id_token" }>,
): Promise<Next> {
  const reason = "id_token";
  const row = await untilStored(run, () => endSession(run, claimed, { reason, claim }));
  giveBack(run, refreshToken);
  if (!row) return { state: "READ" };
  broadcast(run, row.sessionId, { type: "ended", reason, sequence: claimed.attempt.sequence });
  throw new RefreshTokenError(reason, { claim });
}

/** Revokes a refresh token that no tab will use. Callers do not wait for the server. */
function giveBack({ ports, need }: Run, refreshToken: string | undefined): void {
  if (refreshToken === undefined) return;
  ports.send.revoke(need.user, refreshToken).catch(() => {});
}
