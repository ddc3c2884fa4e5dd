import { NoTokenError, RefreshTokenError } from "../core/errors.ts";

import { isNewer, newerVersion } from "../core/session.ts";
import { claim } from "./claim.ts";
import { pauseBeforeClaim } from "./pause.ts";
import { validateAtHand } from "./pending-signature.ts";
import { ownerLock } from "../core/keys.ts";
import { rowKey, satisfying, type Run } from "./run.ts";
import { DEFAULT_TARGET } from "../core/token-target.ts";
import type { Attempt, Next, Return } from "./states.ts";
import { assertNamed, refusalError, currentRefusal } from "./refusals.ts";
import { drain, ownerEnded, watch } from "./watch.ts";

/**
 * Runs the refresh machine from the state READ to the state RETURN. If a state rejects, `runMachine()` rejects with the same
 * error. `README.md` in this folder has a drawing of all states.
 */
export async function runMachine(run: Run): Promise<Return> {
  let next: Next = { state: "READ" };
  while (next.state !== "RETURN") {
    switch (next.state) {
      case "READ":
        next = await read(run);
        break;
      case "TEST":
        next = await test(run, next.attempt);
        break;
      case "WATCH":
        next = await watch(run, next.attempt);
        break;
      case "DRAIN":
        next = await drain(run, next.attempt);
        break;
      case "PAUSE":
        next = await pauseBeforeClaim(run, next.row);
        break;
      case "CLAIM":
        next = await claim(run, next.row, next.certain);
        break;
    }
  }
  return next;
}

async function read(run: Run): Promise<Next> {
  const row = await run.ports.store.get(rowKey(run));
  if (!row) throw new NoTokenError("no user is signed in");
  if (isNewer(row)) throw newerVersion();
  if (row.end)
    throw row.end.reason === "logged_out"
      ? new NoTokenError("the user has logged out")
      : new RefreshTokenError(row.end.reason, { claim: row.end.claim });
  run.firstGeneration ??= row.generation;
  run.sessionId = row.sessionId;
  const target = satisfying(run, row);
  if (target !== undefined) {
    if (row.attempt) run.onOpenAttempt(row.attempt);
    const valid = await validateAtHand(run, row);
    return valid ? { state: "RETURN", row: valid, target } : { state: "READ" };
  }
  if (!row.renewable)
    throw run.need.target === DEFAULT_TARGET
      ? new RefreshTokenError("not_renewable")
      : new NoTokenError("the session has no refresh token, so this token needs a login");
  const refused = currentRefusal(row, run.need.target, run.ports.clock.now());
  if (
    refused &&
    refused.refusal.meaning !== "unexplained" &&
    row.attempt?.target !== run.need.target
  ) {
    if (row.attempt) run.onOpenAttempt(row.attempt);
    throw refusalError(refused);
  }
  assertNamed(run, row);
  return row.attempt && row.attempt.sequence !== run.passed
    ? { state: "TEST", attempt: row.attempt }
    : { state: "PAUSE", row };
}

/**
 * The state TEST of the refresh machine: checks whether another tab still works on `attempt`. While a tab works on an attempt,
 * that tab holds the attempt's lock. So this tab tries to get the same lock, and does not wait for the lock.
 */
function test(run: Run, attempt: Attempt): Promise<Next> {
  return run.ports.locks.request<Next>(
    ownerLock(attempt.id),
    { mode: "shared", ifAvailable: true },
    async (granted) => (granted ? ownerEnded(run, attempt) : { state: "WATCH", attempt }),
  );
}
