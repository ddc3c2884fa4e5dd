import { CancelledError, NoTokenError } from "../../core/errors.ts";
import type { UserStore } from "../../core/user-store.ts";

/**
 * The error for tokens that must not be stored, because the app has called `forget()` for the user. No automatic login starts
 * after this error.
 */
export class ForgottenError extends NoTokenError {
  readonly isForgotten = true;
}

interface ForgottenParts {
  readonly users: Pick<UserStore, "users">;
}

const MESSAGE = "the user of the tokens was forgotten on this device";

/**
 * If a grant has returned tokens without a login, this function is called before the tokens are stored. `sub`: the user of the
 * tokens.
 * @throws NoTokenError the user was forgotten within the last day and has not logged in since
 */
export async function assertNotForgotten({ users }: ForgottenParts, sub: string): Promise<void> {
  if (await (await users.users()).isForgotten(sub)) throw new ForgottenError(MESSAGE);
}

/**
 * Called before the tokens of a silent login are stored. A silent login shows nothing to the user. `sub`: the user of the
 * tokens.
 * @throws CancelledError the user was forgotten within the last day and has not logged in since
 */
export async function assertMayReturn({ users }: ForgottenParts, sub: string): Promise<void> {
  if (await (await users.users()).isForgotten(sub)) throw new CancelledError(MESSAGE);
}

/**
 * Called when a grant has returned tokens for a request without a particular user. After `forget()`, only the app or a login
 * may choose this tab's next user. `user`: the `sub` of the tokens' user.
 * @throws NoTokenError this tab's user was forgotten, and no other user was chosen
 */
export async function assertChosen(
  { users }: { readonly users: Pick<UserStore, "users" | "getActive"> },
  user: string,
): Promise<void> {
  const { sub, isPinned } = await users.getActive();
  if (sub !== undefined || !isPinned) return;
  const remembered = await users.users();
  if ((await remembered.isForgotten()) && !(await remembered.isForgotten(user))) {
    throw new ForgottenError("this tab's user was forgotten, and no other user was chosen");
  }
}
