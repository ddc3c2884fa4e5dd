import { useCallback, useMemo, useSyncExternalStore } from "react";
import { contentOf } from "../core/content-of.ts";
import type { Auth } from "../core/auth.ts";
import type { User } from "../core/user.ts";
import { useProvidedAuth } from "./auth-context.ts";

/**
 * Returns the logged-in user, or undefined if no user is logged in. The hook returns the same object until a claim of the user
 * changes. So a token refresh causes no render.
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
 * Returns a function that returns the logged-in user. While the user's claims stay equal, the function returns the same object.
 */
function userOf(auth: Auth): () => User | undefined {
  let seen: User | undefined;
  let user: User | undefined;
  return () => {
    const { state } = auth;
    const next = state.status === "authenticated" ? state.user : undefined;
    if (next !== seen) {
      seen = next;
      if (contentOf(next) !== contentOf(user)) user = next;
    }
    return user;
  };
}

function noUser(): undefined {
  return undefined;
}
