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

/**
 * The server's refusal to issue a token for a target (scope, resource, audience). While the refusal is in effect, no tab
 * requests the target.
 */
export interface CurrentRefusal {
  readonly refusal: Refusal;
  /**
   * The target that the server refused. If the server refused the default target with the meaning `user needed`, the refusal
   * applies to every target.
   */
  readonly target: TargetKey;
  /** The refusal is in effect for this long from now on. Milliseconds. */
  readonly remainingMs: number;
}

/** Returns a copy of the row with one more refusal of the target. `now`: milliseconds since the epoch. */
export function withRefusal(
  row: SessionRow,
  target: TargetKey,
  { meaning, facts }: Pick<RefusedRefresh, "meaning" | "facts">,
  now: number,
): SessionRow {
  const refusal = nextRefusal(row.refusals?.[target], meaning, facts, now);
  return { ...row, refusals: { ...row.refusals, [target]: refusal } };
}

/** Returns the row without its refusal of the target. Called after a successful refresh of the target. */
export function withoutRefusal(row: SessionRow, target: TargetKey): SessionRow {
  if (!row.refusals?.[target]) return row;
  const { [target]: _, ...refusals } = row.refusals;
  return { ...row, refusals };
}

/**
 * Returns the refusal that forbids a request for the target `requested`, or undefined when a request is allowed. `now`:
 * milliseconds since the epoch.
 */
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
 * Returns the error that callers get while the refusal is in effect. If the server requires a login for a target other than the
 * default, the error is a NoTokenError, because the session is kept. A login for that target then helps.
 */
export function refusalError({ refusal, target }: CurrentRefusal): AuthError {
  const isUserNeeded = refusal.meaning === "user needed";
  if (isUserNeeded && target === DEFAULT_TARGET)
    return new RefreshTokenError("user_needed", refusal);
  const refused = requestError(refusal);
  return isUserNeeded
    ? new NoTokenError(
        "the authorization server requires a login before it issues the requested token",
        refused,
      )
    : refused;
}

/** Returns the error for a refresh that the server refused. */
export function requestError({ error, errorDescription, status }: ServerFacts): RequestTokenError {
  const reason = error ?? `status ${status}`;
  return new RequestTokenError(
    `the authorization server refused to issue the requested token: ${reason}`,
    {
      error,
      errorDescription,
      status,
      hint: "Request a scope, resource or audience that the server allows for this client. The session is kept.",
    },
  );
}

/**
 * Throws if the login did not name the target's resource. A server that does not know the resource might use up the refresh
 * token and issue no new one. The session is then lost. A server with a reuse leeway accepts the refresh token again, so the
 * resource is not checked if `reuseLeewayMs` is greater than 0.
 * @see https://www.rfc-editor.org/rfc/rfc8707#section-2
 * @throws NoTokenError the login did not name the resource, and `reuseLeewayMs` is 0 or unknown
 */
export function assertNamed({ need, reuseLeewayMs = 0 }: Run, row: SessionRow): void {
  const { resource } = parseTargetKey(need.target);
  if (resource === "" || reuseLeewayMs > 0 || row.resources?.includes(resource)) return;
  throw new NoTokenError(
    `the login did not name the resource ${resource}. Add the resource to \`resources\`, so that the next login names it. ` +
      "If the server accepts a used refresh token again, you can set `reuseLeewayMs` instead.",
  );
}
