import type { SessionEnd } from "./session.ts";
import type { TargetKey } from "./want.ts";

/** What tabs of one client tell each other. Never a token, and never trusted for state: the receiver reads the row again. */
export type TabMessage = {
  /** Protocol version. */
  readonly p: 1;
  /** `sub` of the session. */
  readonly k: string;
  /** The sending tab. */
  readonly from: string;
  readonly sessionId: string;
} & TabNews;

export type TabNews =
  | { readonly t: "claim"; readonly sequence: number; readonly attemptId: string }
  | {
      readonly t: "done";
      readonly generation: number;
      readonly sequence: number;
      readonly target: TargetKey;
    }
  /** The session ended, or the server asks for its user. */
  | {
      readonly t: "ended";
      readonly why: SessionEnd["why"] | "user_needed";
      readonly sequence: number;
    }
  /** The owner goes; `unsent`: it has not sent, and will not. */
  | {
      readonly t: "gone";
      readonly sequence: number;
      readonly attemptId: string;
      readonly unsent: boolean;
    }
  | {
      readonly t: "probe";
      readonly sequence: number;
      readonly attemptId: string;
      readonly nonce: string;
    }
  | {
      readonly t: "alive";
      readonly sequence: number;
      readonly attemptId: string;
      readonly nonce: string;
      readonly frozen: boolean;
      /** Since the owner's timers last ran. */
      readonly tickAgeMs: number;
    }
  | { readonly t: "user"; readonly what: "login" | "sign-out" | "forget" };
