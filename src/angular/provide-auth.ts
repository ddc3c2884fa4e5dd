import {
  inject,
  InjectionToken,
  makeEnvironmentProviders,
  provideEnvironmentInitializer,
  type EnvironmentProviders,
  type Signal,
} from "@angular/core";
import type { Auth } from "../core/auth.ts";
import type { AuthState } from "../core/auth-state.ts";
import { ConfigurationError } from "../core/errors.ts";
import type { User } from "../core/user.ts";
import { LOADING, watchState, watchUser } from "../core/watch-auth.ts";
import { watchedSignal } from "./watched-signal.ts";

/** The result of `injectAuth()`. */
export interface InjectAuth {
  /** The `Auth` of the app. */
  readonly auth: Auth;
  /** The current state. On a server and until the app has rendered for the first time, the state is `loading`. */
  readonly state: Signal<AuthState>;
  /**
   * The logged-in user, or undefined if no user is logged in. The object stays the same until a claim of the user changes. So a
   * token refresh causes no change detection.
   */
  readonly user: Signal<User | undefined>;
}

const AUTH = new InjectionToken<InjectAuth>("Auth of Latchkey");

/**
 * Makes `auth` available to `injectAuth()`, `injectToken()` and `authInterceptor()` in the whole app. The provider does not start
 * or dispose `auth`.
 * @param auth the result of `createAuth()`. Create the `Auth` once, outside of components
 * @throws ConfigurationError `auth` is missing
 * @see https://angular.dev/guide/di/defining-dependency-providers
 * @example
 * import type { ApplicationConfig } from "@angular/core";
 * const appConfig: ApplicationConfig = { providers: [provideAuth(auth)] };
 */
export function provideAuth(auth: Auth): EnvironmentProviders {
  // Without this check, the error would appear later, in the first component that injects the Auth.
  if (!auth) {
    throw new ConfigurationError(
      "auth",
      "provideAuth() got no Auth",
      "Pass the result of createAuth(): provideAuth(auth).",
    );
  }
  const useFactory = (): InjectAuth => ({
    auth,
    state: watchedSignal(watchState(auth), LOADING),
    user: watchedSignal(watchUser(auth), undefined),
  });
  return makeEnvironmentProviders([
    { provide: AUTH, useFactory },
    // The signals have their values after the first render of the app, and not of the first component that injects them.
    provideEnvironmentInitializer(() => void inject(AUTH)),
  ]);
}

/**
 * Returns the `Auth` of the app, with signals of its state and its user. Call this function where `inject()` works, for example in
 * a field of a component or in a guard.
 * @throws ConfigurationError the providers of the app lack `provideAuth()`
 * @see https://angular.dev/guide/di/dependency-injection-context
 * @example
 * class AccountComponent {
 *   readonly session = injectAuth();
 *   readonly name = () => this.session.user()?.name ?? "guest";
 *   readonly logout = () => this.session.auth.logout();
 * }
 */
export function injectAuth(): InjectAuth {
  const session = inject(AUTH, { optional: true });
  if (session) return session;
  throw new ConfigurationError(
    "provideAuth",
    "Latchkey was injected, but the providers of the app lack provideAuth()",
    "Add provideAuth(auth) to the providers of the app. `auth` is the result of createAuth().",
  );
}
