import type { LoginPrompt } from "../core/login-prompt.ts";

/** The two elements of a login prompt. */
export interface LoginPromptParts {
  /** The element that asks the user to choose an account, such as `<latchkey-users>`. */
  readonly users: Pick<LoginPrompt, "chooseUser">;
  /** The element that asks whether to remember the user, such as `<latchkey-remember>`. */
  readonly remember: Pick<LoginPrompt, "shouldRemember">;
}

/**
 * Creates a `LoginPrompt` from two elements. Both elements must be in the page before a login starts.
 * @example
 * const users = document.createElement("latchkey-users");
 * const remember = document.createElement("latchkey-remember");
 * document.body.append(users, remember);
 * const prompt = loginPrompt({ users, remember });
 */
export function loginPrompt({ users, remember }: LoginPromptParts): LoginPrompt {
  return {
    chooseUser: (choices, options) => users.chooseUser(choices, options),
    shouldRemember: (user, options) => remember.shouldRemember(user, options),
  };
}
