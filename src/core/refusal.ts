import type { Refusal, SessionRow } from "./session.ts";
import { DEFAULT_TARGET } from "./token-target.ts";

/**
 * Returns the refusal that makes a login necessary: the server refused to issue a token for the default target, and only the
 * user can help. Returns undefined when there is no such refusal. The session keeps its tokens until a login replaces them.
 * `getToken()` returns the stored access token until that token expires.
 */
export function userNeeded(row: SessionRow): Refusal | undefined {
  const refusal = row.refusals?.[DEFAULT_TARGET];
  return refusal?.meaning === "user needed" ? refusal : undefined;
}
