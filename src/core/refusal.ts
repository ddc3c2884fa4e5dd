import type { Refusal, SessionRow } from "./session.ts";
import { USUAL_WANT } from "./want.ts";

/**
 * The server refused the default target until the user signs in again. The session keeps its tokens until a login replaces
 * them, and an access token that is still valid is given to its end.
 */
export function userNeeded(row: SessionRow): Refusal | undefined {
  const refusal = row.refusals?.[USUAL_WANT];
  return refusal?.meaning === "user needed" ? refusal : undefined;
}
