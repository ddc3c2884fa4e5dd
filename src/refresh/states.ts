import type { SessionAttempt, SessionRow } from "../core/session.ts";
import type { Answered } from "./run.ts";

/** Where a run goes next; `README.md` beside this file draws it. */
export type Next =
  | { state: "READ" }
  | { state: "TEST"; att: Attempt }
  | { state: "WATCH"; att: Attempt }
  | { state: "DRAIN"; att: Attempt }
  | { state: "PAUSE"; row: SessionRow }
  /** `certain`: the last send of the row's attempt is known not to have used the refresh token. */
  | { state: "CLAIM"; row: SessionRow; certain: boolean }
  | Return;

/** An attempt, by what tells it from all others. */
export type Attempt = Pick<SessionAttempt, "id" | "seq">;

export interface Return extends Answered {
  state: "RETURN";
}
