import type { Refusal, SessionRow } from "./session.ts";
import { DEFAULT_TARGET } from "./token-target.ts";

/**
 * Returns the refusal of the default target that only a login ends. The session keeps its tokens until a login replaces them,
 * and `getToken()` returns an access token until it expires.
 */
export function userNeeded(row: SessionRow): Refusal | undefined {
  const refusal = row.refusals?.[DEFAULT_TARGET];
  return refusal?.meaning === "user needed" ? refusal : undefined;
}
