import type { SessionEnd } from "./session.ts";
import type { TargetKey } from "./token-target.ts";

/** What tabs of one client tell each other. Never a token, and never trusted for state: the receiver reads the row again. */
export type TabMessage = {
  /** Protocol version. */
  readonly protocol: 2;
  /** `sub` of the session. */
  readonly key: string;
  /** The sending tab. */
  readonly from: string;
  readonly sessionId: string;
} & TabNews;

export type TabNews =
  | { readonly type: "claim"; readonly sequence: number; readonly attemptId: string }
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
  /** The owner goes; `unsent`: it has not sent, and will not. */
  | {
      readonly type: "gone";
      readonly sequence: number;
      readonly attemptId: string;
      readonly unsent: boolean;
    }
  | {
      readonly type: "probe";
      readonly sequence: number;
      readonly attemptId: string;
      readonly nonce: string;
    }
  | {
      readonly type: "alive";
      readonly sequence: number;
      readonly attemptId: string;
      readonly nonce: string;
      readonly frozen: boolean;
      /** Since the owner's timers last ran. */
      readonly tickAgeMs: number;
    }
  | { readonly type: "user"; readonly what: "login" | "logout" | "forget" };
