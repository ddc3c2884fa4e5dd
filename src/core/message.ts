import type { SessionEnd } from "./session.ts";
import type { WantKey } from "./want.ts";

/** What tabs of one client tell each other. Never a token, and never trusted for state: the receiver reads the row again. */
export type TabMessage = {
  /** Protocol version. */
  readonly p: 1;
  /** `sub` of the session. */
  readonly k: string;
  /** The sending tab. */
  readonly from: string;
  readonly sid: string;
} & TabNews;

export type TabNews =
  | { readonly t: "claim"; readonly seq: number; readonly attId: string }
  | { readonly t: "done"; readonly gen: number; readonly seq: number; readonly want: WantKey }
  /** The session ended, or the server asks for its user. */
  | {
      readonly t: "ended";
      readonly why: SessionEnd["why"] | "user_needed";
      readonly seq: number;
    }
  /** The owner goes; `unsent`: it has not sent, and will not. */
  | { readonly t: "gone"; readonly seq: number; readonly attId: string; readonly unsent: boolean }
  | { readonly t: "probe"; readonly seq: number; readonly attId: string; readonly nonce: string }
  | {
      readonly t: "alive";
      readonly seq: number;
      readonly attId: string;
      readonly nonce: string;
      readonly frozen: boolean;
      /** Since the owner's timers last ran. */
      readonly tickAgeMs: number;
    }
  | { readonly t: "user"; readonly what: "login" | "sign-out" | "forget" };
