import { useCallback, useMemo, useSyncExternalStore } from "react";
import type { Auth } from "../core/auth.ts";
import type { User } from "../core/user.ts";
import { useProvidedAuth } from "./auth-context.ts";

/**
 * Returns the logged-in user. If no user is logged in, returns undefined. A token refresh causes no render, because the hook
 * returns the same object until a claim of the user changes.
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
 * Returns a function that returns the logged-in user. After a token refresh, the state has a new object for the same user. So
 * the function compares the users by value, and returns the old object if both objects are equal.
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
