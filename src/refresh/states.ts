import type { SessionAttempt, SessionRow } from "../core/session.ts";
import type { RowWithToken } from "./run.ts";

/**
 * The next state of the refresh machine, with the data for that state. `README.md` in this folder has a drawing of all states.
 */
export type Next =
  | { state: "READ" }
  | { state: "TEST"; attempt: Attempt }
  | { state: "WATCH"; attempt: Attempt }
  | { state: "DRAIN"; attempt: Attempt }
  | { state: "PAUSE"; row: SessionRow }
  /** `certain`: true if the last refresh attempt certainly did not use up the refresh token. */
  | { state: "CLAIM"; row: SessionRow; certain: boolean }
  | Return;

/** The members that identify a stored refresh attempt. */
export type Attempt = Pick<SessionAttempt, "id" | "sequence">;

/** The last state of the refresh machine. The session row contains a token that can be returned to the callers. */
export interface Return extends RowWithToken {
  state: "RETURN";
}
