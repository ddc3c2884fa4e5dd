import { useCallback, useSyncExternalStore } from "react";
import type { Auth, AuthState } from "../core/auth.ts";
import { useProvidedAuth } from "./auth-context.ts";

export interface UseAuth {
  /** The provider's, always the same object. */
  readonly auth: Auth;
  /** As of this render. On a server, and while its HTML is hydrated, `loading`. */
  readonly state: AuthState;
}

/** The same object, so that a server and the hydration of its HTML agree. */
const LOADING: AuthState = { status: "loading" };

/**
 * The provider's `Auth` and its state. Renders again after each change.
 * @throws ConfigurationError no AuthProvider above
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
