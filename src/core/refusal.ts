import type { Refusal, SessionRow } from "./session.ts";
import { DEFAULT_TARGET } from "./token-target.ts";

/**
 * Returns the stored refusal if the server refused to refresh the default access token and only a login helps. Otherwise
 * returns undefined.
 */
export function userNeeded(row: SessionRow): Refusal | undefined {
  const refusal = row.refusals?.[DEFAULT_TARGET];
  return refusal?.meaning === "user needed" ? refusal : undefined;
}
