import { getContext, onMount, setContext } from "svelte";
import type { Auth } from "../core/auth.ts";
import type { AuthState } from "../core/auth-state.ts";
import { ConfigurationError } from "../core/errors.ts";
import type { User } from "../core/user.ts";
import { LOADING, watchState, watchUser, type Watched } from "../core/watch-auth.ts";
import { reactiveValue } from "./reactive-value.ts";

/** The result of `setAuth()` and `useAuth()`. The members are reactive: read them from the object, and do not destructure it. */
export interface UseAuth {
  /** The `Auth` that was passed to `setAuth()`. */
  readonly auth: Auth;
  /** The current state. On a server and during hydration, the state is `loading`. */
  readonly state: AuthState;
  /**
   * The logged-in user, or undefined if no user is logged in. The object stays the same until a claim of the user changes. So a
   * token refresh causes no update.
   */
  readonly user: User | undefined;
}

const AUTH = Symbol("Auth of Latchkey");

/**
 * Makes `auth` available to `useAuth()` and `useToken()` in this component and in all components inside it. Call this function
 * in the script of the app's outermost component, such as the root layout of SvelteKit. The function does not start or dispose
 * `auth`.
 * @param auth the result of `createAuth()`. Create the `Auth` once, outside of components
 * @throws ConfigurationError `auth` is missing
 * @see https://svelte.dev/docs/svelte/context
 * @example
 * const session = setAuth(auth);
 * const name = () => session.user?.name;
 */
export function setAuth(auth: Auth): UseAuth {
  if (!auth) {
    throw new ConfigurationError(
      "auth",
      "setAuth() got no Auth",
      "Pass the result of createAuth(): setAuth(auth).",
    );
  }
  // The children of a component are mounted first, so all of them have been hydrated by then.
  let isMounted = false;
  const mounted = new Set<() => void>();
  onMount(() => {
    isMounted = true;
    for (const changed of mounted) changed();
  });
  /** Until the component is mounted, the value is `first`, as on a server. */
  const afterMount = <T>({ get, subscribe }: Watched<T>, first: T) =>
    reactiveValue({
      get: () => (isMounted ? get() : first),
      subscribe: (changed) => {
        mounted.add(changed);
        const unsubscribe = subscribe(changed);
        return () => {
          mounted.delete(changed);
          unsubscribe();
        };
      },
    });
  const state = afterMount(watchState(auth), LOADING);
  const user = afterMount(watchUser(auth), undefined);
  return setContext<UseAuth>(AUTH, {
    auth,
    get state() {
      return state();
    },
    get user() {
      return user();
    },
  });
}

/**
 * Returns the `Auth` of this component, with its state and its user. Call this function in the script of a component.
 * @throws ConfigurationError no outer component has called `setAuth()`
 * @example
 * const session = useAuth();
 * const logout = () => session.auth.logout();
 * const isSignedIn = () => session.state.status === "authenticated";
 */
export function useAuth(): UseAuth {
  const session = getContext<UseAuth | undefined>(AUTH);
  if (session) return session;
  throw new ConfigurationError(
    "setAuth",
    "a component that uses Latchkey is not inside a component that calls setAuth()",
    "Call setAuth(auth) in the outermost component. `auth` is the result of createAuth().",
  );
}
