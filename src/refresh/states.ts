import type { SessionAttempt, SessionRow } from "../core/session.ts";
import type { RowWithToken } from "./run.ts";

/** The next state of a run, and its data. `README.md` beside this file has a drawing of all states. */
export type Next =
  | { state: "READ" }
  | { state: "TEST"; attempt: Attempt }
  | { state: "WATCH"; attempt: Attempt }
  | { state: "DRAIN"; attempt: Attempt }
  | { state: "PAUSE"; row: SessionRow }
  /** `certain`: true if the row's attempt certainly did not use up the refresh token, for example because it was not sent. */
  | { state: "CLAIM"; row: SessionRow; certain: boolean }
  | Return;

/** The members of a stored attempt that identify the attempt. */
export type Attempt = Pick<SessionAttempt, "id" | "sequence">;

/** The last state of a run: the stored session (the row), and the target (scope, resource, audience) of the token to return. */
export interface Return extends RowWithToken {
  state: "RETURN";
}
