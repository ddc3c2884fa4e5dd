import type { GrantedResponse, RefreshResponse } from "../core/refresher.ts";
import { validateAtHand } from "./pending-signature.ts";
import type { Next } from "./states.ts";
import { commitResponse, mergedRow } from "./store-response.ts";
import { endSession, untilStored, type ClaimedRow } from "./transactions.ts";
import { RefreshTokenError } from "../core/errors.ts";
import { satisfying, broadcast, type Run } from "./run.ts";

/**
 * Called when the server has accepted the refresh token. Stores the response, and repeats the write until it succeeds, because
 * the response might contain the only valid refresh token.
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
    // No tab will use this refresh token, so it is revoked. `revoke()` sends no request while the session is still alive, for
    // example because another tab has stored a newer response.
    const { refreshToken } = response.type === "tokens" ? response.tokens : response;
    giveBack(run, refreshToken);
    return { state: "READ" };
  }
  run.committedGen = stored.generation;
  // After the message `done`, the other tabs return the new token. So this tab first validates the signature of the ID token,
  // if the server's keys are cached.
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
 * Ends the session because a claim of the new ID token is invalid. Stores and returns no token of the response, and revokes the
 * response's refresh token.
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
