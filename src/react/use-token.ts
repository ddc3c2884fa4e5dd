import { useMemo, useSyncExternalStore } from "react";
import { targetKey, type TokenTarget } from "../core/token-target.ts";
import { TOKEN_LOADING, watchToken, type TokenState } from "../core/watch-token.ts";
import { useProvidedAuth } from "./auth-context.ts";

/**
 * Returns an access token for a component that needs the token to render. While the component is mounted, the hook refreshes
 * the token. The hook never starts a login. If no user is logged in, `status` is `failed` and `error` is a NoTokenError.
 *
 * In event handlers and effects, call `auth.getToken()` or `auth.fetch()` instead of this hook.
 * @param target the scope, resource or audience of the token. Default: the values of the login
 * @throws ConfigurationError the component is not inside an AuthProvider
 * @example
 * function useMapHeaders() {
 *   const { status, token } = useToken({ resource: "https://maps.example.com" });
 *   return status === "ready" ? { Authorization: `Bearer ${token}` } : undefined;
 * }
 */
export function useToken(target: TokenTarget = {}): TokenState {
  const auth = useProvidedAuth();
  const key = targetKey(target);
  const watch = useMemo(() => watchToken(auth, target), [auth, key]);
  return useSyncExternalStore(watch.subscribe, watch.get, () => TOKEN_LOADING);
}
