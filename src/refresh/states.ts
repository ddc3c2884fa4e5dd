import type { SessionAttempt, SessionRow } from "../core/session.ts";
import type { Answered } from "./run.ts";

/** Where a run goes next; `README.md` beside this file draws it. */
export type Next =
  | { state: "READ" }
  | { state: "TEST"; att: SessionAttempt }
  | { state: "WATCH"; att: SessionAttempt }
  | { state: "DRAIN"; att: SessionAttempt }
  /** `certain`: the last send of the row's attempt is known not to have used the refresh token. */
  | { state: "CLAIM"; row: SessionRow; certain: boolean }
  | Return;

export interface Return extends Answered {
  state: "RETURN";
}
