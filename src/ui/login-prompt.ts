import type { LoginPrompt } from "../core/login-prompt.ts";

export interface LoginPromptParts {
  /** Such as a `<latchkey-accounts>`. */
  readonly accounts: Pick<LoginPrompt, "chooseUser">;
  /** Such as a `<latchkey-remember>`. */
  readonly remember: Pick<LoginPrompt, "shouldRemember">;
}

/** One prompt of two elements. */
export function loginPrompt({ accounts, remember }: LoginPromptParts): LoginPrompt {
  return {
    chooseUser: (users, options) => accounts.chooseUser(users, options),
    shouldRemember: (user, options) => remember.shouldRemember(user, options),
  };
}
