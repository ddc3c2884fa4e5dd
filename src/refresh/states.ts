import type { SessionAttempt, SessionRow } from "../core/session.ts";
import type { SentAttempt } from "./run.ts";

/** Where a run goes next; `README.md` beside this file draws it. */
export type Next =
  | { state: "READ" }
  | { state: "TEST"; attempt: Attempt }
  | { state: "WATCH"; attempt: Attempt }
  | { state: "DRAIN"; attempt: Attempt }
  | { state: "PAUSE"; row: SessionRow }
  /** `certain`: the last send of the row's attempt is known not to have used the refresh token. */
  | { state: "CLAIM"; row: SessionRow; certain: boolean }
  | Return;

/** An attempt, by what tells it from all others. */
export type Attempt = Pick<SessionAttempt, "id" | "sequence">;

export interface Return extends SentAttempt {
  state: "RETURN";
}
