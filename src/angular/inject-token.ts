import { afterRenderEffect, computed, signal, untracked, type Signal } from "@angular/core";
import { targetKey, type TargetKey, type TokenTarget } from "../core/token-target.ts";
import { TOKEN_LOADING, watchToken, type TokenState } from "../core/watch-token.ts";
import { injectAuth } from "./provide-auth.ts";

/**
 * Returns a signal of an access token for a component that needs the token to render. Until the component is destroyed, Latchkey
 * refreshes the token. This function never starts a login. If no user is logged in, `status` is `failed` and `error` is a
 * NoTokenError. Call this function where `inject()` works, for example in a field of a component.
 *
 * In event handlers, call `auth.getToken()` or `auth.fetch()` instead. For `HttpClient`, use `authInterceptor()`.
 * @param target returns the scope, resource or audience of the token. Default: the values of the login. If a signal that `target`
 * reads changes, another token is requested
 * @throws ConfigurationError the providers of the app lack `provideAuth()`
 * @example
 * class MapComponent {
 *   readonly token = injectToken(() => ({ resource: "https://maps.example.com" }));
 *   readonly isReady = () => this.token().status === "ready";
 * }
 */
export function injectToken(target: () => TokenTarget = () => ({})): Signal<TokenState> {
  const { auth } = injectAuth();
  const received = signal<{ key: TargetKey; state: TokenState } | undefined>(undefined);
  const currentKey = computed(() => targetKey(target()));
  // A server runs no effect after a render, and so requests no token.
  afterRenderEffect((onCleanup) => {
    const key = currentKey();
    untracked(() => {
      const watched = watchToken(auth, target());
      const show = () => received.set({ key, state: watched.get() });
      onCleanup(watched.subscribe(show));
      show();
    });
  });
  return computed(() => {
    const last = received();
    // The effect runs after the render with a new target. That render must not show the token of the previous target.
    return last && last.key === currentKey() ? last.state : TOKEN_LOADING;
  });
}
