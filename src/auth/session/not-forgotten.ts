import { CancelledError, NoTokenError } from "../../core/errors.ts";
import type { UserStore } from "../../core/session.ts";

/** A user who was forgotten must not come back without a request of the app, so no automatic login follows this error. */
export class ForgottenError extends NoTokenError {
  readonly isForgotten = true;
}

interface ForgottenParts {
  readonly users: Pick<UserStore, "users">;
}

const MESSAGE = "this user was forgotten on this device";

/**
 * For tokens that a grant returned without a login.
 * @throws NoTokenError `sub` was forgotten within a day, and only a login undoes that
 */
export async function assertNotForgotten({ users }: ForgottenParts, sub: string): Promise<void> {
  if (await (await users.users()).isForgotten(sub)) throw new ForgottenError(MESSAGE);
}

/**
 * For a login that the user does not see.
 * @throws CancelledError `sub` was forgotten within a day
 */
export async function assertMayReturn({ users }: ForgottenParts, sub: string): Promise<void> {
  if (await (await users.users()).isForgotten(sub)) throw new CancelledError(MESSAGE);
}

/**
 * After `forget()` a tab has no user until another user is chosen. `user`: the user of the tokens. If this user was forgotten,
 * `assertNotForgotten()` throws instead.
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
