import type { SessionEnd } from "./session.ts";
import type { TargetKey } from "./token-target.ts";

/** A message between tabs of one client. It has no token, and it is not trusted: the receiver reads the row again. */
export type TabMessage = {
  /** Protocol version. */
  readonly protocol: 2;
  /** `sub` of the session. */
  readonly key: string;
  /** The sending tab. */
  readonly from: string;
  /** `SessionRow.sessionId`. */
  readonly sessionId: string;
} & TabNews;

/** The kinds of messages. The names of members are those of `SessionRow` and `SessionAttempt`. */
export type TabNews =
  /** The sender has written its attempt into the row. */
  | { readonly type: "claim"; readonly sequence: number; readonly attemptId: string }
  /** New tokens are stored. */
  | {
      readonly type: "done";
      readonly generation: number;
      readonly sequence: number;
      readonly target: TargetKey;
    }
  /** The session ended, or the server asks for its user. */
  | {
      readonly type: "ended";
      readonly reason: SessionEnd["reason"] | "user_needed";
      readonly sequence: number;
    }
  /** The attempt's owner gives its lock away. `unsent`: the owner has not sent the attempt, and never will. */
  | {
      readonly type: "gone";
      readonly sequence: number;
      readonly attemptId: string;
      readonly unsent: boolean;
    }
  /** A waiting tab checks that the attempt's owner is alive. */
  | {
      readonly type: "probe";
      readonly sequence: number;
      readonly attemptId: string;
      readonly nonce: string;
    }
  /** The owner's response to a `probe`. */
  | {
      readonly type: "alive";
      readonly sequence: number;
      readonly attemptId: string;
      readonly nonce: string;
      readonly frozen: boolean;
      /** Time since the owner's timers last ran. Milliseconds. */
      readonly tickAgeMs: number;
    }
  /** A user logged in, logged out, or was forgotten. */
  | { readonly type: "user"; readonly what: "login" | "logout" | "forget" };
