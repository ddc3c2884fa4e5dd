import type { TargetKey } from "./token-target.ts";

/**
 * The result of a login or logout in this tab.
 * - `started`: the page navigated to the login page, and no response has arrived yet.
 * - `unrecognised`: the browser came back to the app, but the URL contained no response for this client.
 * - `failed`: the response was an error, or the code in the response could not be exchanged.
 * - `useless`: the login succeeded, but the new token was already expired or lacked a requested scope.
 * - `other_user`: the login succeeded, but with another user than the requested user.
 * - `cancelled`: the page did not navigate, or the user closed the login window.
 * - `given`: the login succeeded, and `getToken()` returned the new token.
 * - `logged_out`: the user logged out, or the app called `forget()` for the user.
 * - `silent`: the page has asked the server whether a user is signed in there.
 * - `arriving`: the login has ended, and the page of the redirect URI is being replaced by the page on which the login began.
 */
export type LoginResult =
  | "started"
  | "unrecognised"
  | "failed"
  | "useless"
  | "other_user"
  | "cancelled"
  | "given"
  | "logged_out"
  | "arriving"
  | "silent";

/**
 * A record of a login or logout in this tab. The record contains no secret. Latchkey uses these records to limit automatic
 * logins.
 */
export interface LoginMark {
  /** The `sub` of the requested user, or of the user who logged out. */
  readonly user?: string;
  readonly target: TargetKey;
  /** When the login or logout happened. Milliseconds since the epoch. */
  readonly at: number;
  readonly outcome: LoginResult;
  /** A text that explains `outcome`. A later error message contains this text. */
  readonly detail?: string;
  /** The error of a login that failed. Only for `arriving`. */
  readonly error?: ErrorRecord;
}

/** The members of an error, for another page of this tab. */
export type ErrorRecord = Readonly<Record<string, unknown>>;

/** Stores the login marks of one client in this tab. The marks survive a reload, and other tabs cannot read them. */
export interface LoginMarks {
  /** Returns the stored marks without validation, the oldest first. If the marks cannot be read, returns an empty list. */
  read(): readonly (Partial<LoginMark> | null)[];
  /** Replaces the stored marks. If the new marks could not be stored, returns false. */
  write(marks: readonly (Partial<LoginMark> | null)[]): boolean;
}
