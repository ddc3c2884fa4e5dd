import type { SessionEnd } from "./session.ts";
import type { TargetKey } from "./token-target.ts";

/**
 * A message between tabs of one client. It contains no token. The receiver does not trust the message: it reads the stored
 * session again.
 */
export type TabMessage = {
  /** The version of the message format. */
  readonly protocol: 2;
  /** `sub` of the session's user. */
  readonly key: string;
  /** The id of the sending tab. */
  readonly from: string;
  /** The `SessionRow.sessionId` of the session. Empty in the message after `forget()`. */
  readonly sessionId: string;
} & TabNews;

/**
 * The content of a message. An attempt is one try to refresh a session. Each attempt belongs to one tab, its owner, and only
 * this tab sends the refresh token. Members such as `sequence` are explained at `SessionRow` and `SessionAttempt`.
 */
export type TabNews =
  /** The sender is about to refresh the session, and has stored its attempt in the session row. */
  | { readonly type: "claim"; readonly sequence: number; readonly attemptId: string }
  /** New tokens are stored. */
  | {
      readonly type: "done";
      readonly generation: number;
      readonly sequence: number;
      readonly target: TargetKey;
    }
  /** The session ended, or the server requires the session's user to log in. */
  | {
      readonly type: "ended";
      readonly reason: SessionEnd["reason"] | "user_needed";
      readonly sequence: number;
    }
  /**
   * The sender owns the attempt and is about to release the lock of the attempt. `unsent`: true if the sender has not sent the
   * refresh token and will not send it.
   */
  | {
      readonly type: "gone";
      readonly sequence: number;
      readonly attemptId: string;
      readonly unsent: boolean;
    }
  /** A waiting tab asks whether the tab that owns the attempt is still alive. */
  | {
      readonly type: "probe";
      readonly sequence: number;
      readonly attemptId: string;
      readonly nonce: string;
    }
  /** The response to a `probe`, from the tab that owns the attempt. */
  | {
      readonly type: "alive";
      readonly sequence: number;
      readonly attemptId: string;
      readonly nonce: string;
      readonly frozen: boolean;
      /** The time since a timer of the sending tab last ran. Milliseconds. A long time shows that the tab is frozen. */
      readonly tickAgeMs: number;
    }
  /** A user logged in, logged out, or was forgotten. */
  | { readonly type: "user"; readonly what: "login" | "logout" | "forget" };
