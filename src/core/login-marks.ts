import type { TargetKey } from "./token-target.ts";

/**
 * The result of a login or logout of this tab. A `LoginMark` stores this result.
 * - `started`: the page navigated to the login page, and no response was recognised yet.
 * - `unrecognised`: the browser came back to the app, but its URL contained no response to this client.
 * - `failed`: the response was an error, or its code could not be exchanged.
 * - `useless`: the login succeeded, but its token was already expired when it arrived, or lacked a requested scope.
 * - `other_user`: the login succeeded, but the user who logged in is not the requested user.
 * - `cancelled`: the page did not navigate, or the user closed the window of the login.
 * - `given`: the login succeeded, and its token was returned. Latchkey uses this result only to limit how often automatic
 *   logins start.
 * - `logged_out`: the user logged out, or the app called `forget()` for the user.
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

/**
 * A record of a login or logout of this tab. The record keeps the tab from starting another automatic login. It contains no
 * secret.
 */
export interface LoginMark {
  /** `sub` of the requested user, or of the user who logged out. */
  readonly user?: string;
  readonly target: TargetKey;
  /** When the login or logout happened. Milliseconds since the epoch. */
  readonly at: number;
  readonly outcome: LoginResult;
  /** A text that explains `outcome`. The message of a later error contains it. */
  readonly detail?: string;
}

/** Stores the marks of one client in this tab. The marks survive a reload, and no other tab can read them. */
export interface LoginMarks {
  /**
   * Returns the stored marks, the oldest first. The marks are not validated. If the marks cannot be read, returns an empty
   * list.
   */
  read(): readonly (Partial<LoginMark> | null)[];
  /** Replaces the stored marks. Returns false when the new marks could not be stored. */
  write(marks: readonly (Partial<LoginMark> | null)[]): boolean;
}
