import { nextRefusal, parseRefusal, remainingRefusalMs } from "../core/refusal-pauses.ts";
import type { RefusedRefresh } from "../core/refresher.ts";
import {
  NoTokenError,
  RefreshTokenError,
  RequestTokenError,
  type AuthError,
  type ServerFacts,
} from "../core/errors.ts";
import type { Refusal, SessionRow } from "../core/session.ts";
import { DEFAULT_TARGET, type TargetKey, parseTargetKey } from "../core/token-target.ts";
import type { Run } from "./run.ts";

/** A refusal that still stands: until it ends, no tab asks for the target. */
export interface CurrentRefusal {
  readonly refusal: Refusal;
  /** The default target's refusal stands for every target. */
  readonly target: TargetKey;
  readonly remainingMs: number;
}

/** Records a refusal of a target in the row. Use it inside of a transaction. `now`: milliseconds since the epoch. */
export function withRefusal(
  row: SessionRow,
  wanted: TargetKey,
  { meaning, facts }: Pick<RefusedRefresh, "meaning" | "facts">,
  now: number,
): SessionRow {
  const refusal = nextRefusal(row.refusals?.[wanted], meaning, facts, now);
  return { ...row, refusals: { ...row.refusals, [wanted]: refusal } };
}

/** The row after a refresh of the target succeeded. */
export function withoutRefusal(row: SessionRow, wanted: TargetKey): SessionRow {
  if (!row.refusals?.[wanted]) return row;
  const { [wanted]: _, ...refusals } = row.refusals;
  return { ...row, refusals };
}

/** The refusal because of which the target is not asked for now. */
export function currentRefusal(
  row: SessionRow,
  wanted: TargetKey,
  now: number,
): CurrentRefusal | undefined {
  for (const target of new Set([DEFAULT_TARGET, wanted])) {
    const refusal = parseRefusal(row.refusals?.[target]);
    if (!refusal || (target !== wanted && refusal.meaning !== "user needed")) continue;
    const remainingMs = remainingRefusalMs(refusal, now);
    if (remainingMs > 0) return { refusal, target: target, remainingMs };
  }
  return undefined;
}

/**
 * What callers are told. A target of its own that needs the user gives a NoTokenError, because a login for this target helps
 * and the session stands.
 */
export function refusalError({ refusal, target: wanted }: CurrentRefusal): AuthError {
  const isUserNeeded = refusal.meaning === "user needed";
  if (isUserNeeded && wanted === DEFAULT_TARGET)
    return new RefreshTokenError("user_needed", refusal);
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

/**
 * A resource that the login did not name is not asked for with the refresh token. A server that does not know it may use the
 * refresh token up and give no new one, and the session would be lost. Only a server with a reuse leeway forgives that.
 * @see RFC 8707 section 2
 * @throws NoTokenError a login that names the resource helps
 */
export function assertNamed({ need, reuseLeewayMs = 0 }: Run, row: SessionRow): void {
  const { resource } = parseTargetKey(need.target);
  if (resource === "" || reuseLeewayMs > 0 || row.resources?.includes(resource)) return;
  throw new NoTokenError(
    `the login did not name the resource ${resource}: list it in resources, or give reuseLeewayMs if the server forgives a ` +
      "refresh token that is used twice",
  );
}
