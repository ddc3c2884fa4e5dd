import { useMemo, useSyncExternalStore } from "react";
import { targetKey, type TokenTarget } from "../core/token-target.ts";
import { useProvidedAuth } from "./auth-context.ts";
import { TOKEN_LOADING, watchToken, type UseToken } from "./watch-token.ts";

/**
 * A token to render with, renewed for as long as the component is there. Shows nothing and never leaves the page: who is
 * not signed in gets `failed` with a NoTokenError. In event handlers and effects `auth.getToken()` and `auth.fetch` do more.
 * @param want compared by value
 * @throws ConfigurationError no AuthProvider above
 */
export function useToken(target: TokenTarget = {}): UseToken {
  const auth = useProvidedAuth();
  const key = targetKey(target);
  const watch = useMemo(() => watchToken(auth, target), [auth, key]);
  return useSyncExternalStore(watch.subscribe, watch.get, () => TOKEN_LOADING);
}
