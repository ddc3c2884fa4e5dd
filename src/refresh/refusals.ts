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
   * The target that the server refused. This is usually the requested target. But if the server requires a login for the
   * default target (meaning `user needed`), no tab requests any target. Then this is the default target.
   */
  readonly target: TargetKey;
  /** For this long, no tab requests a token for the target. Milliseconds from now. */
  readonly remainingMs: number;
}

/** Returns a copy of the row that also records this refusal of the target. `now`: milliseconds since the epoch. */
export function withRefusal(
  row: SessionRow,
  target: TargetKey,
  { meaning, facts }: Pick<RefusedRefresh, "meaning" | "facts">,
  now: number,
): SessionRow {
  const refusal = nextRefusal(row.refusals?.[target], meaning, facts, now);
  return { ...row, refusals: { ...row.refusals, [target]: refusal } };
}

/** Returns a copy of the row without the recorded refusal of the target. Called after a successful refresh of the target. */
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
 * Returns the error that callers get while the refusal is in effect.
 * - If the server requires a login for the default target: RefreshTokenError.
 * - If the server requires a login for another target, the session is kept, and a login for that target helps: NoTokenError.
 * - In all other cases: RequestTokenError.
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
 * Throws if the run requests a resource that the login did not name, and `reuseLeewayMs` is 0 or unknown. The reason: if the
 * server does not know the resource, it might invalidate the refresh token and issue no new one. The session would be lost. If
 * `reuseLeewayMs` is greater than 0, the server accepts the same refresh token again, so the session is not in danger.
 * @see https://www.rfc-editor.org/rfc/rfc8707#section-2
 * @throws NoTokenError the login did not name the resource, and `reuseLeewayMs` is 0 or unknown
 */
export function assertNamed({ need, reuseLeewayMs = 0 }: Run, row: SessionRow): void {
  const { resource } = parseTargetKey(need.target);
  if (resource === "" || reuseLeewayMs > 0 || row.resources?.includes(resource)) return;
  throw new NoTokenError(
    `the login did not request the resource ${resource}. Add the resource to \`resources\`, so that the next login requests it. ` +
      "Or set `reuseLeewayMs`, if the server accepts a used refresh token again: then a refresh can request the resource.",
  );
}
