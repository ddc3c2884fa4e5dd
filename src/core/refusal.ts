import type { Refusal, SessionRow } from "./session.ts";
import { DEFAULT_TARGET } from "./token-target.ts";

/**
 * The server refused the default target until the user signs in again. The session keeps its tokens until a login replaces
 * them, and an access token that is still valid is given to its end.
 */
export function userNeeded(row: SessionRow): Refusal | undefined {
  const refusal = row.refusals?.[DEFAULT_TARGET];
  return refusal?.meaning === "user needed" ? refusal : undefined;
}
