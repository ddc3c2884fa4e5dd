import type { LoginPrompt } from "../core/login-prompt.ts";

export interface LoginPromptParts {
  /** Such as a `<latchkey-users>`. */
  readonly users: Pick<LoginPrompt, "chooseUser">;
  /** Such as a `<latchkey-remember>`. */
  readonly remember: Pick<LoginPrompt, "shouldRemember">;
}

/** One prompt of two elements. */
export function loginPrompt({ users, remember }: LoginPromptParts): LoginPrompt {
  return {
    chooseUser: (choices, options) => users.chooseUser(choices, options),
    shouldRemember: (user, options) => remember.shouldRemember(user, options),
  };
}
