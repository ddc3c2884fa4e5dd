import type { UserStore } from "../../core/user-store.ts";

/**
 * Deletes the record that `forget()` stored for the user, because the user has logged in again. Ignores an error, because the
 * session is already stored.
 */
export async function clearForgotten(users: UserStore, sub: string): Promise<void> {
  await users
    .users()
    .then((remembered) => remembered.clearForgotten(sub))
    .catch(() => {});
}
