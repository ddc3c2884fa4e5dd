import type { TargetKey } from "./token-target.ts";

/**
 * What is known of a login of this tab.
 * - `started`: the page left for the login page, and no response was recognised yet.
 * - `unrecognised`: the page came back without a response of this client.
 * - `failed`: the response was an error, or its code could not be exchanged.
 * - `useless`: the login succeeded, and its token serves nothing that was asked for.
 * - `other_user`: another user signed in than the one asked for.
 * - `cancelled`: the page did not leave, or the user closed the window of the login.
 * - `given`: its token was given. The mark only counts how often logins start.
 * - `logged_out`: no login, but a logout or `forget()`.
 */
export type LoginResult =
  | "started"
  | "unrecognised"
  | "failed"
  | "useless"
  | "other_user"
  | "cancelled"
  | "given"
  | "logged_out";

/** A login, or a logout, that keeps this tab from starting an automatic login. Never has a secret. */
export interface LoginMark {
  /** `sub` of the user who was asked for, or who logged out. */
  readonly user?: string;
  readonly target: TargetKey;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly outcome: LoginResult;
  /** What is told about the outcome. */
  readonly detail?: string;
}

/** The marks of one client in this tab. A reload keeps them, and no other tab sees them. */
export interface LoginMarks {
  /** The oldest first, and not validated yet. None where they cannot be read. */
  read(): readonly (Partial<LoginMark> | null)[];
  /** False when they could not be stored. */
  write(marks: readonly (Partial<LoginMark> | null)[]): boolean;
}
