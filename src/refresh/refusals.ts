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
 * The server's refusal to issue a token for a scope, resource and audience (the target). Until the refusal expires, no tab
 * repeats the request.
 */
export interface CurrentRefusal {
  readonly refusal: Refusal;
  /**
   * The target of the refused request. If the server requires a login for the default target, the refusal applies to all
   * targets.
   */
  readonly target: TargetKey;
  /** The time until a tab may request the target again. Milliseconds. */
  readonly remainingMs: number;
}

/** Returns a copy of the session row, with the server's refusal of `target` added. `now`: milliseconds since the epoch. */
export function withRefusal(
  row: SessionRow,
  target: TargetKey,
  { meaning, facts }: Pick<RefusedRefresh, "meaning" | "facts">,
  now: number,
): SessionRow {
  const refusal = nextRefusal(row.refusals?.[target], meaning, facts, now);
  return { ...row, refusals: { ...row.refusals, [target]: refusal } };
}

/** Returns a copy of the session row without the stored refusal of `target`. */
export function withoutRefusal(row: SessionRow, target: TargetKey): SessionRow {
  if (!row.refusals?.[target]) return row;
  const { [target]: _, ...refusals } = row.refusals;
  return { ...row, refusals };
}

/**
 * Returns an earlier refusal of the server that still forbids a request for the target `requested`. Returns undefined if the
 * request is allowed. `now`: milliseconds since the epoch.
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
 * Returns the error for callers that need the refused token.
 * - RefreshTokenError: the server requires a login for the default target.
 * - NoTokenError: the server requires a login for another target. The session is kept.
 * - RequestTokenError: the server does not require a login.
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
      hint: "Request a scope, resource or audience that the server allows for this client. Some servers only allow what the login requested: add a scope to `scope`. The session is kept.",
    },
  );
}

/**
 * Checks that the login requested the resource that this run requests. For other resources, some servers invalidate the refresh
 * token and issue no new token. If `reuseLeewayMs` is greater than 0, no check is needed, because the server accepts the same
 * refresh token again.
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
