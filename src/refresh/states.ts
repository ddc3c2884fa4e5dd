import type { SessionAttempt, SessionRow } from "../core/session.ts";
import type { WantKey } from "../core/want.ts";

/** Where a run goes next; `README.md` beside this file draws it. */
export type Next =
  | { state: "READ" }
  | { state: "TEST"; att: SessionAttempt }
  | { state: "WATCH"; att: SessionAttempt }
  | { state: "CLAIM"; row: SessionRow }
  | Return;

export interface Return {
  state: "RETURN";
  row: SessionRow;
  want: WantKey;
}
