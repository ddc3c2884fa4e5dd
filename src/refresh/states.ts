import type { SessionAttempt, SessionRow } from "../core/session.ts";
import type { SentAttempt } from "./run.ts";

/** The next state of a run. `README.md` beside this file has the drawing. */
export type Next =
  | { state: "READ" }
  | { state: "TEST"; attempt: Attempt }
  | { state: "WATCH"; attempt: Attempt }
  | { state: "DRAIN"; attempt: Attempt }
  | { state: "PAUSE"; row: SessionRow }
  /** `certain`: the last send of the row's attempt is known not to have used the refresh token. */
  | { state: "CLAIM"; row: SessionRow; certain: boolean }
  | Return;

/** The identity of an attempt. */
export type Attempt = Pick<SessionAttempt, "id" | "sequence">;

/** The end of a run: the token that serves it. */
export interface Return extends SentAttempt {
  state: "RETURN";
}
