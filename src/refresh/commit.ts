import type { GrantedResponse, RefreshResponse } from "../core/refresher.ts";
import { validateAtHand } from "./pending-signature.ts";
import type { Next } from "./states.ts";
import { commitResponse, mergedRow } from "./store-response.ts";
import { endSession, untilStored, type ClaimedRow } from "./transactions.ts";
import { RefreshTokenError } from "../core/errors.ts";
import { satisfying, broadcast, type Run } from "./run.ts";

/**
 * Stores the response of a server that accepted the refresh token. Returns the next state of the refresh machine. A failed
 * write is repeated, because the response might contain the only valid refresh token.
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
    // The response was not stored, so no tab will use the refresh token of the response.
    const { refreshToken } = response.type === "tokens" ? response.tokens : response;
    giveBack(run, refreshToken);
    return { state: "READ" };
  }
  run.committedGeneration = stored.generation;
  // Validate the signature of the ID token before the other tabs receive the message `done`, because those tabs then use the
  // new token. If the server's keys are not cached, the signature is validated later.
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
 * Ends the session, because a claim of the new ID token is invalid. No token of the response is stored, and the new refresh
 * token is revoked.
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

/** Starts to revoke a refresh token that no tab will use. The function does not wait for the server. */
function giveBack({ ports, need }: Run, refreshToken: string | undefined): void {
  if (refreshToken === undefined) return;
  ports.send.revoke(need.user, refreshToken).catch(() => {});
}
