import type { GrantedResponse, RefreshResponse } from "../core/refresher.ts";
import { validateAtHand } from "./pending-signature.ts";
import type { Next } from "./states.ts";
import { commitResponse, mergedRow } from "./store-response.ts";
import { endSession, untilStored, type ClaimedRow } from "./transactions.ts";
import { RefreshTokenError } from "../core/errors.ts";
import { satisfying, broadcast, type Run } from "./run.ts";

/**
 * Stores the response after the server has accepted the refresh token. If the write fails, it is repeated until it succeeds,
 * because the response might contain the only valid refresh token.
 */
export async function commit(
  run: Run,
  claimed: ClaimedRow,
  response: GrantedResponse,
): Promise<Next> {
  const stored = await untilStored(run, commitResponse(run, claimed, response), async () => {
    const unstored = await mergedRow(run, claimed, response);
    run.committedGeneration = unstored.generation;
    const target = satisfying(run, unstored);
    const row = await validateAtHand(run, unstored);
    if (row && target !== undefined) run.onUnstored({ row, target });
  });
  if (!stored) {
    // The response is not stored, so no tab will use the refresh token of the response. This tab asks `revoke()` to revoke that
    // refresh token. If the session is still alive, for example because another tab has stored a newer response, `revoke()`
    // sends no request.
    const { refreshToken } = response.type === "tokens" ? response.tokens : response;
    giveBack(run, refreshToken);
    return { state: "READ" };
  }
  run.committedGeneration = stored.generation;
  // When the other tabs receive the message `done`, they return the new token to their callers. So this tab validates the
  // signature of the ID token before it broadcasts `done`. If the server's keys are not cached, this tab broadcasts `done` at
  // once, and validates the signature later.
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

/**
 * Ends the session because a claim of the new ID token is invalid. The tokens of the response are neither stored nor returned.
 * If the response has a refresh token, that token is revoked.
 */
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

/** Starts to revoke a refresh token that no tab will use. Does not wait for the server. */
function giveBack({ ports, need }: Run, refreshToken: string | undefined): void {
  if (refreshToken === undefined) return;
  ports.send.revoke(need.user, refreshToken).catch(() => {});
}
