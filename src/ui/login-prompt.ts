import type { LoginPrompt } from "../core/login-prompt.ts";

/** The two elements of a login prompt. */
export interface LoginPromptParts {
  /** The part that asks the user to choose an account. A `<latchkey-users>` element is such a part. */
  readonly users: Pick<LoginPrompt, "chooseUser">;
  /** The part that asks whether to remember the user. A `<latchkey-remember>` element is such a part. */
  readonly remember: Pick<LoginPrompt, "shouldRemember">;
}

/**
 * Creates a `LoginPrompt` from two elements. Both elements must be in the page when the prompt is called.
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
