import type { TargetKey } from "./token-target.ts";

/**
 * The result of a login of this tab.
 * - `started`: the page navigated to the login page, and no response was recognised yet.
 * - `unrecognised`: the page came back without a response of this client.
 * - `failed`: the response was an error, or its code could not be exchanged.
 * - `useless`: the login succeeded, and its token does not serve the request.
 * - `other_user`: the login succeeded for another user than the requested one.
 * - `cancelled`: the page did not navigate, or the user closed the window of the login.
 * - `given`: the token of the login was returned. The mark only counts how often logins start.
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
  /** `sub` of the requested user, or of the user who logged out. */
  readonly user?: string;
  readonly target: TargetKey;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly outcome: LoginResult;
  /** A text about the outcome, for the message of a later error. */
  readonly detail?: string;
}

/** The marks of one client in this tab. A reload keeps them, and no other tab sees them. */
export interface LoginMarks {
  /** Returns the marks, the oldest first, not validated yet. Returns none where they cannot be read. */
  read(): readonly (Partial<LoginMark> | null)[];
  /** Returns false when the marks could not be stored. */
  write(marks: readonly (Partial<LoginMark> | null)[]): boolean;
}
