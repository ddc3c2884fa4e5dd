import {
  NoTokenError,
  RefreshTokenError,
  RequestTokenError,
  type AuthError,
  type ServerFacts,
} from "../core/errors.ts";
import { nextRefusal, parseRefusal, refusalLeftMs } from "../core/refusal-pauses.ts";
import type { RefusedRefresh } from "../core/refresher.ts";
import type { Refusal, SessionRow } from "../core/session.ts";
import { USUAL_WANT, type WantKey } from "../core/want.ts";

/** A refusal that still stands: until it ends, no tab asks for the target. */
export interface StandingRefusal {
  readonly refusal: Refusal;
  /** The default target's refusal stands for every target. */
  readonly want: WantKey;
  readonly leftMs: number;
}

/** Records a refusal of a target in the row. Use it inside of a transaction. `now`: milliseconds since the epoch. */
export function withRefusal(
  row: SessionRow,
  want: WantKey,
  { meaning, facts }: Pick<RefusedRefresh, "meaning" | "facts">,
  now: number,
): SessionRow {
  const refusal = nextRefusal(row.refusals?.[want], meaning, facts, now);
  return { ...row, refusals: { ...row.refusals, [want]: refusal } };
}

/** The row after a refresh of the target succeeded. */
export function withoutRefusal(row: SessionRow, want: WantKey): SessionRow {
  if (!row.refusals?.[want]) return row;
  const { [want]: _, ...refusals } = row.refusals;
  return { ...row, refusals };
}

/** The refusal because of which the target is not asked for now. */
export function standingRefusal(
  row: SessionRow,
  want: WantKey,
  now: number,
): StandingRefusal | undefined {
  for (const target of new Set([USUAL_WANT, want])) {
    const refusal = parseRefusal(row.refusals?.[target]);
    if (!refusal || (target !== want && refusal.meaning !== "user needed")) continue;
    const leftMs = refusalLeftMs(refusal, now);
    if (leftMs > 0) return { refusal, want: target, leftMs };
  }
  return undefined;
}

/**
 * What callers are told. A target of its own that needs the user gives a NoTokenError, because a login for this target helps
 * and the session stands.
 */
export function refusalError({ refusal, want }: StandingRefusal): AuthError {
  const isUserNeeded = refusal.meaning === "user needed";
  if (isUserNeeded && want === USUAL_WANT) return new RefreshTokenError("user_needed", refusal);
  const refused = requestError(refusal);
  return isUserNeeded
    ? new NoTokenError("the server asks for the user before it gives this token", refused)
    : refused;
}

export function requestError({ error, errorDescription, status }: ServerFacts): RequestTokenError {
  return new RequestTokenError("the authorization server refused this token", {
    error,
    errorDescription,
    status,
    hint: "Ask for a scope, resource or audience that this client may have; the session stands.",
  });
}
