import { CancelledError, NoTokenError } from "../../core/errors.ts";
import type { UserStore } from "../../core/user-store.ts";

/**
 * The error for tokens that must not be stored, because `forget()` was called for their user or for this tab's user. Only the
 * app is allowed to start a login after `forget()`. Therefore no automatic login starts after this error.
 */
export class ForgottenError extends NoTokenError {
  readonly isForgotten = true;
}

interface ForgottenParts {
  readonly users: Pick<UserStore, "users">;
}

const MESSAGE = "the user of the tokens was forgotten on this device";

/**
 * Checks tokens that a grant returned without a login, before they are stored. `sub`: the user of the tokens.
 * @throws NoTokenError the user was forgotten within the last day and has not logged in since
 */
export async function assertNotForgotten({ users }: ForgottenParts, sub: string): Promise<void> {
  if (await (await users.users()).isForgotten(sub)) throw new ForgottenError(MESSAGE);
}

/**
 * Called when a login that showed nothing to the user has succeeded, before the tokens are stored. `sub`: the user who has
 * logged in.
 * @throws CancelledError the user was forgotten within the last day and has not logged in since
 */
export async function assertMayReturn({ users }: ForgottenParts, sub: string): Promise<void> {
  if (await (await users.users()).isForgotten(sub)) throw new CancelledError(MESSAGE);
}

/**
 * Called when a grant returned tokens although the caller requested no particular user. After `forget()`, a tab has no user
 * until the app or a login chooses another user. Tokens from a grant must not choose the user. `user`: the `sub` of the tokens'
 * user. If `user` was forgotten, this function does not throw, because `assertNotForgotten()` throws in that case.
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
