import type { RoundTrip } from "./user-agent.ts";
import type { User } from "./user.ts";

/** What a picker may show of a remembered user. It has no token. */
export interface RememberedUser {
  readonly sub: string;
  readonly name?: string;
  readonly email?: string;
  readonly picture?: string;
  /** Milliseconds since the epoch. */
  readonly lastUsedAt: number;
  /** Only a login helps this user: the session has ended, or the server asks for the user. */
  readonly needsLogin: boolean;
}

/** The user's choice in a login prompt. `dismiss` cancels the login. */
export type LoginChoice =
  /** One of the listed users. `roundTrip`: opened in the click, for a user with `needsLogin`. */
  | { readonly type: "continue"; readonly sub: string; readonly roundTrip?: RoundTrip }
  /** Another user. `roundTrip`: opened in the click that chose this. */
  | { readonly type: "other"; readonly roundTrip?: RoundTrip }
  | { readonly type: "dismiss" };

/** The options of a prompt. */
export interface PromptOptions {
  /** Aborted when no caller waits for the choice any more: hide the prompt. */
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
  /** Called when the user is unclear. Returns the user's choice. */
  chooseUser(
    users: readonly RememberedUser[],
    options: PromptOptions,
  ): Promise<LoginChoice> | LoginChoice;
  /** Called once after a new login, when the token is in use already. It must not block the page. No result means no. */
  shouldRemember(user: User, options: PromptOptions): Promise<boolean> | boolean;
}
