import { toValue, type MaybeRefOrGetter, type Ref } from "vue";
import { targetKey, type TokenTarget } from "../core/token-target.ts";
import { TOKEN_LOADING, watchToken, type TokenState } from "../core/watch-token.ts";
import { useProvidedAuth } from "./auth-plugin.ts";
import { watchedRef } from "./watched-ref.ts";

/**
 * Returns a ref of an access token for a component that needs the token to render. While the component is mounted, Latchkey
 * refreshes the token. This function never starts a login. If no user is logged in, `status` is `failed` and `error` is a
 * NoTokenError. Call this function in `setup()`.
 *
 * In event handlers, call `auth.getToken()` or `auth.fetch()` instead.
 * @param target the scope, resource or audience of the token. Default: the values of the login. If `target` is a ref or a
 * getter, a change of its values requests another token
 * @throws ConfigurationError the app does not use the plugin of Latchkey, or the caller is not in `setup()`
 * @example
 * const token = useToken({ resource: "https://maps.example.com" });
 * const headers = () =>
 *   token.value.status === "ready" ? { Authorization: `Bearer ${token.value.token}` } : undefined;
 */
export function useToken(target: MaybeRefOrGetter<TokenTarget> = {}): Readonly<Ref<TokenState>> {
  const auth = useProvidedAuth();
  return watchedRef(
    () => watchToken(auth, toValue(target)),
    TOKEN_LOADING,
    () => targetKey(toValue(target)),
  );
}
