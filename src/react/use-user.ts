import { useMemo, useSyncExternalStore } from "react";
import type { User } from "../core/user.ts";
import { watchUser } from "../core/watch-auth.ts";
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
  const watch = useMemo(() => watchUser(auth), [auth]);
  return useSyncExternalStore(watch.subscribe, watch.get, noUser);
}

function noUser(): undefined {
  return undefined;
}
