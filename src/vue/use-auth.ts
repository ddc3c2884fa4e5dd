import type { Ref } from "vue";
import type { Auth } from "../core/auth.ts";
import type { AuthState } from "../core/auth-state.ts";
import type { User } from "../core/user.ts";
import { LOADING, watchState, watchUser } from "../core/watch-auth.ts";
import { useProvidedAuth } from "./auth-plugin.ts";
import { watchedRef } from "./watched-ref.ts";

/** The result of `useAuth()`. */
export interface UseAuth {
  /** The `Auth` of the app. */
  readonly auth: Auth;
  /** The current state. On a server and during hydration, the state is `loading`. */
  readonly state: Readonly<Ref<AuthState>>;
}

/**
 * Returns the `Auth` of the app, and a ref of its state. Call this function in `setup()`.
 * @throws ConfigurationError the app does not use the plugin of Latchkey, or the caller is not in `setup()`
 * @see https://vuejs.org/guide/reusability/composables.html
 * @example
 * const { auth, state } = useAuth();
 * const logout = () => auth.logout();
 * const isSignedIn = () => state.value.status === "authenticated";
 */
export function useAuth(): UseAuth {
  const auth = useProvidedAuth();
  return { auth, state: watchedRef(() => watchState(auth), LOADING) };
}

/**
 * Returns a ref of the logged-in user. The value is undefined if no user is logged in. The value is the same object until a
 * claim of the user changes. So a token refresh causes no render. Call this function in `setup()`.
 * @throws ConfigurationError the app does not use the plugin of Latchkey, or the caller is not in `setup()`
 * @example
 * const user = useUser();
 * const greeting = () => `Hello ${user.value?.name ?? "guest"}`;
 */
export function useUser(): Readonly<Ref<User | undefined>> {
  const auth = useProvidedAuth();
  return watchedRef(() => watchUser(auth), undefined);
}
