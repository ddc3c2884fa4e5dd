import { useCallback, useSyncExternalStore } from "react";
import type { Auth } from "../core/auth.ts";
import type { AuthState } from "../core/auth-state.ts";
import { useProvidedAuth } from "./auth-context.ts";

/** The result of `useAuth()`. */
export interface UseAuth {
  /** The `Auth` of the nearest `AuthProvider`. */
  readonly auth: Auth;
  /** The state at the time of this render. On a server and during hydration, the state is `loading`. */
  readonly state: AuthState;
}

/** The state on a server and during hydration. `useSyncExternalStore` needs the same object on each render. */
const LOADING: AuthState = { status: "loading", since: 0 };

/**
 * Returns the `Auth` of the nearest `AuthProvider`, and the state of this `Auth`. The component renders again after each change
 * of the state.
 * @throws ConfigurationError the component is not inside an AuthProvider
 * @see https://react.dev/reference/react/useSyncExternalStore
 * @example
 * function LogoutButton() {
 *   const { auth, state } = useAuth();
 *   if (state.status !== "authenticated") return null;
 *   return <button onClick={() => auth.logout()}>Sign out {state.user.name}</button>;
 * }
 */
export function useAuth(): UseAuth {
  const auth = useProvidedAuth();
  const subscribe = useCallback((listener: () => void) => auth.subscribe(listener), [auth]);
  const state = useSyncExternalStore(
    subscribe,
    () => auth.state,
    () => LOADING,
  );
  return { auth, state };
}
