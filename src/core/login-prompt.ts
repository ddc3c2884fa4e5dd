import type { RoundTrip } from "./user-agent.ts";
import type { User } from "./user.ts";

/** The data of a remembered user that a user picker can show. It contains no token. */
export interface RememberedUser {
  readonly sub: string;
  readonly name?: string;
  readonly email?: string;
  readonly picture?: string;
  /** When the user last logged in or was chosen in a picker. Milliseconds since the epoch. */
  readonly lastUsedAt: number;
  /** True when the user must log in again, because the session has ended or the server asks for the user. */
  readonly needsLogin: boolean;
}

/**
 * The user's choice in a login prompt. `dismiss` cancels the login. `roundTrip` is needed only for a login in a popup. In this
 * case, the prompt calls `userAgent.open()` during the user's click, and returns the result as `roundTrip`.
 */
export type LoginChoice =
  /**
   * The user continues as the listed user `sub`. If the session of this user is still usable, no login follows, and `roundTrip`
   * is not used.
   */
  | { readonly type: "continue"; readonly sub: string; readonly roundTrip?: RoundTrip }
  /** The user logs in as another user. */
  | { readonly type: "other"; readonly roundTrip?: RoundTrip }
  | { readonly type: "dismiss" };

/** The options of `chooseUser()` and `shouldRemember()`. */
export interface PromptOptions {
  /** Aborted when the choice is not needed any more. The prompt must then hide. */
  readonly signal: AbortSignal;
}

/**
 * Asks the user which remembered user to continue as, and whether to remember a user.
 * @example
 * const prompt: LoginPrompt = {
 *   chooseUser: ([last]) => (last ? { type: "continue", sub: last.sub } : { type: "other" }),
 *   shouldRemember: () => localStorage.getItem("remember") === "yes",
 * };
 */
export interface LoginPrompt {
  /** Called when it is unclear which user to continue as. Returns the user's choice. */
  chooseUser(
    users: readonly RememberedUser[],
    options: PromptOptions,
  ): Promise<LoginChoice> | LoginChoice;
  /**
   * Asks whether to remember `user`. Called once after each new login. The prompt must not block the page, because the app
   * already uses the token. A user who does not answer is not remembered.
   */
  shouldRemember(user: User, options: PromptOptions): Promise<boolean> | boolean;
}
