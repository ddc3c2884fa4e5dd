import { useCallback, useMemo, useSyncExternalStore } from "react";
import type { Auth } from "../core/auth.ts";
import type { User } from "../core/user.ts";
import { useProvidedAuth } from "./auth-context.ts";

/**
 * The person signed in, if one is. The same object, and no render, until their claims change: a refresh makes no difference.
 * @throws ConfigurationError no AuthProvider above
 */
export function useUser(): User | undefined {
  const auth = useProvidedAuth();
  const subscribe = useCallback((listener: () => void) => auth.subscribe(listener), [auth]);
  const snapshot = useMemo(() => userOf(auth), [auth]);
  return useSyncExternalStore(subscribe, snapshot, nobody);
}

/** A refresh reads the same person from the store as another object. */
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

function nobody(): undefined {
  return undefined;
}
