import { useCallback, useMemo, useSyncExternalStore } from "react";
import type { Auth } from "../core/auth.ts";
import type { User } from "../core/user.ts";
import { useProvidedAuth } from "./auth-context.ts";

/**
 * Returns the logged-in user, or undefined. Returns the same object until the user's claims change, so that a token refresh
 * causes no render.
 * @throws ConfigurationError the component is not inside an AuthProvider
 * @example
 * function Greeting() {
 *   const user = useUser();
 *   return user ? <p>Hello {user.name}</p> : null;
 * }
 */
export function useUser(): User | undefined {
  const auth = useProvidedAuth();
  const subscribe = useCallback((listener: () => void) => auth.subscribe(listener), [auth]);
  const snapshot = useMemo(() => userOf(auth), [auth]);
  return useSyncExternalStore(subscribe, snapshot, noUser);
}

/**
 * Returns a function that returns the logged-in user. The function compares users by value, because after a token refresh the
 * state has a new object for the same user.
 */
function userOf(auth: Auth): () => User | undefined {
  let seen: User | undefined;
  let user: User | undefined;
  return () => {
    const { state } = auth;
    const next = state.status === "authenticated" ? state.user : undefined;
    if (next !== seen) {
      seen = next;
      if (JSON.stringify(next) !== JSON.stringify(user)) user = next;
    }
    return user;
  };
}

function noUser(): undefined {
  return undefined;
}
