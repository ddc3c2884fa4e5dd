import type { SessionEnd } from "./session.ts";
import type { TargetKey } from "./token-target.ts";

/**
 * A message that a tab sends to all tabs of the same OAuth client. A message contains no token. The receiving tab does not
 * trust the message, and reads the stored session again.
 */
export type TabMessage = {
  /** The version of the message format. */
  readonly protocol: 2;
  /** The `sub` of the session's user. */
  readonly key: string;
  /** The id of the sending tab. */
  readonly from: string;
  /** The id of the session (`SessionRow.sessionId`). Empty if `auth.forget()` sent the message. */
  readonly sessionId: string;
} & TabNews;

/**
 * The content of a message between tabs. An attempt is one try to refresh a session. Exactly one tab, the owner of the attempt,
 * sends the refresh token. For `sequence` and `generation`, see `SessionRow`.
 */
export type TabNews =
  /** The sending tab has stored an attempt in the session row, and is about to send the refresh token. */
  | { readonly type: "claim"; readonly sequence: number; readonly attemptId: string }
  /** A tab has stored new tokens for `target`. */
  | {
      readonly type: "done";
      readonly generation: number;
      readonly sequence: number;
      readonly target: TargetKey;
    }
  /** The session has ended, or the server requires the session's user to log in. */
  | {
      readonly type: "ended";
      readonly reason: SessionEnd["reason"] | "user_needed";
      readonly sequence: number;
    }
  /**
   * The owner of the attempt is about to stop its work on the attempt. `unsent`: true if the owner has not sent the refresh
   * token and will not send the token.
   */
  | {
      readonly type: "gone";
      readonly sequence: number;
      readonly attemptId: string;
      readonly unsent: boolean;
    }
  /** A tab that waits for the attempt asks whether the owner of the attempt is still alive. */
  | {
      readonly type: "probe";
      readonly sequence: number;
      readonly attemptId: string;
      readonly nonce: string;
    }
  /** The response of the attempt's owner to a `probe` message. */
  | {
      readonly type: "alive";
      readonly sequence: number;
      readonly attemptId: string;
      readonly nonce: string;
      readonly frozen: boolean;
      /** The time since a timer last ran in the sending tab. Milliseconds. A frozen tab sends a large number. */
      readonly tickAgeMs: number;
    }
  /** The user has logged in or out, was removed with `auth.forget()`, or has other claims. */
  | { readonly type: "user"; readonly what: "login" | "logout" | "forget" | "claims" };
