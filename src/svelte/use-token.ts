import { targetKey, type TokenTarget } from "../core/token-target.ts";
import { watchToken, type TokenState } from "../core/watch-token.ts";
import { reactiveValue } from "./reactive-value.ts";
import { useAuth } from "./set-auth.ts";

/** The result of `useToken()`. */
export interface UseToken {
  /** The token, or the reason why there is none. `current` is reactive: do not destructure the object. */
  readonly current: TokenState;
}

/**
 * Returns an access token for a component that needs the token to render. While an effect or a template reads `current`,
 * Latchkey refreshes the token. This function never starts a login. If no user is logged in, `status` is `failed` and `error` is
 * a NoTokenError. Call this function in the script of a component.
 *
 * In event handlers, call `auth.getToken()` or `auth.fetch()` instead.
 * @param target returns the scope, resource or audience of the token. Default: the values of the login. If a rune that `target`
 * reads changes, another token is requested
 * @throws ConfigurationError no outer component has called `setAuth()`
 * @example
 * const token = useToken(() => ({ resource: "https://maps.example.com" }));
 * const headers = () =>
 *   token.current.status === "ready" ? { Authorization: `Bearer ${token.current.token}` } : undefined;
 */
export function useToken(target: () => TokenTarget = () => ({})): UseToken {
  const { auth } = useAuth();
  let key: string | undefined;
  let token: () => TokenState;
  return {
    get current() {
      const wanted = target();
      const next = targetKey(wanted);
      if (next !== key) {
        key = next;
        token = reactiveValue(watchToken(auth, wanted));
      }
      return token();
    },
  };
}
