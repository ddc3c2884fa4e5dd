import type { RoundTrip } from "./user-agent.ts";
import type { User } from "./user.ts";

/** What a picker may see of a person: no token. */
export interface RememberedUser {
  readonly sub: string;
  readonly name?: string;
  readonly email?: string;
  readonly picture?: string;
  /** Milliseconds since the epoch. */
  readonly lastUsedAt: number;
  /** Nothing here signs this person in: only a login does. */
  readonly needsLogin: boolean;
}

export type LoginChoice =
  /** One of those. `roundTrip`: opened in the click, for who needs a login. */
  | { readonly type: "continue"; readonly sub: string; readonly roundTrip?: RoundTrip }
  /** Somebody else. `roundTrip`: opened in the click that said so. */
  | { readonly type: "other"; readonly roundTrip?: RoundTrip }
  | { readonly type: "dismiss" };

export interface PromptOptions {
  /** Aborted when nobody waits for the answer any more: hide what is shown. */
  readonly signal: AbortSignal;
}

/** Asks a person who they are, and whether to remember them. */
export interface LoginPrompt {
  chooseUser(
    users: readonly RememberedUser[],
    options: PromptOptions,
  ): Promise<LoginChoice> | LoginChoice;
  /** Asked once after a fresh login, when the token is in use already; must not stop the page. Unanswered means no. */
  shouldRemember(user: User, options: PromptOptions): Promise<boolean> | boolean;
}
