import { useMemo, useSyncExternalStore } from "react";
import type { Auth } from "../core/auth.ts";
import type { AuthState } from "../core/auth-state.ts";
import { LOADING, watchState } from "../core/watch-auth.ts";
import { useProvidedAuth } from "./auth-context.ts";

/** The result of `useAuth()`. */
export interface UseAuth {
  /** The `Auth` of the nearest `AuthProvider`. */
  readonly auth: Auth;
  /** The state at the time of this render. On a server and during hydration, the state is `loading`. */
  readonly state: AuthState;
}

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
  const watch = useMemo(() => watchState(auth), [auth]);
  const state = useSyncExternalStore(watch.subscribe, watch.get, () => LOADING);
  return { auth, state };
}
