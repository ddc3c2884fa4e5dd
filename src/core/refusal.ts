import type { Refusal, SessionRow } from "./session.ts";
import { DEFAULT_TARGET } from "./token-target.ts";

/**
 * If the server refused a request for the default target and only the user can help, returns the stored refusal. A login is
 * then necessary. Otherwise returns undefined. Until the login, the session keeps its tokens, and `getToken()` returns the
 * stored access token until it expires.
 */
export function userNeeded(row: SessionRow): Refusal | undefined {
  const refusal = row.refusals?.[DEFAULT_TARGET];
  return refusal?.meaning === "user needed" ? refusal : undefined;
}
