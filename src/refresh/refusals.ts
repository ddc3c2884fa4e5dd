import { nextRefusal, parseRefusal, remainingRefusalMs } from "../core/refusal-pauses.ts";
import type { RefusedRefresh } from "../core/refresher.ts";
import {
  NoTokenError,
  RefreshTokenError,
  type AuthError,
  type ServerFacts,
} from "../core/errors.ts";
import { RequestTokenError } from "../core/protocol-errors.ts";
import type { Refusal, SessionRow } from "../core/session.ts";
import { DEFAULT_TARGET, type TargetKey, parseTargetKey } from "../core/token-target.ts";
import type { Run } from "./run.ts";

/** A refusal that is in effect: until it ends, no tab requests the target. */
export interface CurrentRefusal {
  readonly refusal: Refusal;
  /** The refused target. A `user needed` of the default target applies to every target. */
  readonly target: TargetKey;
  /** Milliseconds. */
  readonly remainingMs: number;
}

/** Returns the row with another refusal of the target. Called in a transaction. `now`: milliseconds since the epoch. */
export function withRefusal(
  row: SessionRow,
  target: TargetKey,
  { meaning, facts }: Pick<RefusedRefresh, "meaning" | "facts">,
  now: number,
): SessionRow {
  const refusal = nextRefusal(row.refusals?.[target], meaning, facts, now);
  return { ...row, refusals: { ...row.refusals, [target]: refusal } };
}

/** Returns the row after a successful refresh of the target. */
export function withoutRefusal(row: SessionRow, target: TargetKey): SessionRow {
  if (!row.refusals?.[target]) return row;
  const { [target]: _, ...refusals } = row.refusals;
  return { ...row, refusals };
}

/** Returns the refusal that forbids a request for `requested` now, if any. `now`: milliseconds since the epoch. */
export function currentRefusal(
  row: SessionRow,
  requested: TargetKey,
  now: number,
): CurrentRefusal | undefined {
  for (const target of new Set([DEFAULT_TARGET, requested])) {
    const refusal = parseRefusal(row.refusals?.[target]);
    if (!refusal || (target !== requested && refusal.meaning !== "user needed")) continue;
    const remainingMs = remainingRefusalMs(refusal, now);
    if (remainingMs > 0) return { refusal, target, remainingMs };
  }
  return undefined;
}

/**
 * Returns the error for callers. If only a target other than the default needs the user, it is a NoTokenError: a login for
 * this target helps, and the session is kept.
 */
export function refusalError({ refusal, target }: CurrentRefusal): AuthError {
  const isUserNeeded = refusal.meaning === "user needed";
  if (isUserNeeded && target === DEFAULT_TARGET)
    return new RefreshTokenError("user_needed", refusal);
  const refused = requestError(refusal);
  return isUserNeeded
    ? new NoTokenError("the authorization server requires a login for this token", refused)
    : refused;
}

/** Returns the error of a request that the server refused. */
export function requestError({ error, errorDescription, status }: ServerFacts): RequestTokenError {
  return new RequestTokenError("the authorization server refused to issue this token", {
    error,
    errorDescription,
    status,
    hint: "Request a scope, resource or audience that this client may have. The session is kept.",
  });
}

/**
 * Rejects a resource that the login did not name. A server that does not know the resource may use the refresh token and issue
 * no new one, so that the session is lost. Only a server with a reuse leeway accepts the refresh token again.
 * @see https://www.rfc-editor.org/rfc/rfc8707#section-2
 * @throws NoTokenError a login that names the resource helps
 */
export function assertNamed({ need, reuseLeewayMs = 0 }: Run, row: SessionRow): void {
  const { resource } = parseTargetKey(need.target);
  if (resource === "" || reuseLeewayMs > 0 || row.resources?.includes(resource)) return;
  throw new NoTokenError(
    `the login did not name the resource ${resource}: list it in resources, or set reuseLeewayMs if the server accepts a ` +
      "refresh token twice",
  );
}
