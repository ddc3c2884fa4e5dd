import type { AnyAuthError } from "./errors.ts";
import type { RoundTrip } from "./user-agent.ts";
import type { User } from "./user.ts";

/** The data of a remembered user that a user picker can show. The data contains no token. */
export interface RememberedUser {
  readonly sub: string;
  readonly name?: string;
  readonly email?: string;
  readonly picture?: string;
  /** The last time when the user logged in or was chosen in a picker. Milliseconds since the epoch. */
  readonly lastUsedAt: number;
  /** True if the session has ended or the server requires an action of the user. The user must then log in again. */
  readonly needsLogin: boolean;
}

/** Returns a login hint that the server probably knows: the email address of the user `sub`, or else the `sub`. */
export function loginHintOf(users: readonly RememberedUser[], sub: string): string {
  return users.find((user) => user.sub === sub)?.email?.trim() || sub;
}

/**
 * The user's choice in a login prompt. `dismiss` cancels the login. `roundTrip` is needed only for a login in a popup: the
 * prompt calls `userAgent.open()` during the user's click and returns the opened popup as `roundTrip`.
 */
export type LoginChoice =
  /** The user continues as the remembered user `sub`. If this user's session is still usable, no login follows. */
  | { readonly type: "continue"; readonly sub: string; readonly roundTrip?: RoundTrip }
  /** The user logs in as another user. */
  | { readonly type: "other"; readonly roundTrip?: RoundTrip }
  | { readonly type: "dismiss" };

/** The options of `chooseUser()` and `shouldRemember()`. */
export interface PromptOptions {
  /** Aborted when the user's choice is no longer needed. The prompt must then hide. */
  readonly signal: AbortSignal;
  /**
   * Why the login after the user's last choice did not work. Only for `chooseUser()`, which is then called again: show the error
   * in the picker.
   */
  readonly error?: AnyAuthError | undefined;
  /** The `sub` of this tab's user. Only for `chooseUser()`: mark this user in the picker. Undefined: this tab has no user. */
  readonly current?: string | undefined;
}

/**
 * Shows a picker of remembered users, and asks the user for permission to remember a user.
 * @example
 * const prompt: LoginPrompt = {
 *   chooseUser: ([last]) => (last ? { type: "continue", sub: last.sub } : { type: "other" }),
 *   shouldRemember: () => localStorage.getItem("remember") === "yes",
 * };
 */
export interface LoginPrompt {
  /** Shows a picker with `users`, the remembered users. Returns the user's choice. */
  chooseUser(
    users: readonly RememberedUser[],
    options: PromptOptions,
  ): Promise<LoginChoice> | LoginChoice;
  /**
   * Asks whether this device should remember `user`. Called once after each new login. The prompt must not block the page,
   * because the app already uses the token. If the user does not respond, the user is not remembered.
   */
  shouldRemember(user: User, options: PromptOptions): Promise<boolean> | boolean;
}
