import {
  createElement,
  Fragment,
  useEffect,
  useRef,
  type ReactElement,
  type ReactNode,
  type SyntheticEvent,
} from "react";
import type { Auth, AuthState } from "../core/auth.ts";
import { useAuth } from "./use-auth.ts";

/** The argument of a `fallback` function. */
export interface AuthGate {
  /** The current state. Never `authenticated`. */
  readonly state: Exclude<AuthState, { status: "authenticated" }>;
  /**
   * Starts a login in a click. With the click's event, as in `onClick={login}`, a login by page navigation returns the user to
   * the current URL.
   */
  readonly login: (event?: SyntheticEvent) => void;
}

/** The props of `RequireAuth`. */
export interface RequireAuthProps {
  /** Shown to a logged-in user. Remounted when another user logs in, so that no component state leaks. */
  readonly children?: ReactNode;
  /** Shown while no user is logged in. Default: a "Sign in" button, once the state is `anonymous` or `expired`. */
  readonly fallback?: ReactNode | ((gate: AuthGate) => ReactNode);
  /** Called by `login` of the fallback. Default: `auth.login()`. */
  readonly onLogin?: (auth: Auth) => void;
  /**
   * `click`: a login starts in a click only. `automatic`: when no user is logged in at first, the component calls
   * `auth.getToken()`, which starts at most one automatic login. After a logout or the end of a session the fallback is shown.
   * Default: `click`.
   */
  readonly login?: "click" | "automatic";
}

/**
 * Shows its children to a logged-in user, and `fallback` otherwise. This is no protection of secrets: the API must check the
 * access token.
 * @throws ConfigurationError the component is not inside an AuthProvider
 * @example
 * const page = (
 *   <RequireAuth fallback={({ login }) => <button onClick={login}>Sign in</button>}>
 *     Only a logged-in user sees this.
 *   </RequireAuth>
 * );
 */
export function RequireAuth({
  children,
  fallback = signInButton,
  onLogin,
  login = "click",
}: RequireAuthProps): ReactElement {
  const { auth, state } = useAuth();
  useAutomaticLogin(auth, state, login);
  if (state.status === "authenticated") {
    return createElement(Fragment, { key: state.user.sub }, children);
  }
  const start = (event?: SyntheticEvent) => (onLogin ? onLogin(auth) : logIn(auth, event));
  const shown = typeof fallback === "function" ? fallback({ state, login: start }) : fallback;
  return createElement(Fragment, null, shown);
}

function useAutomaticLogin(auth: Auth, { status }: AuthState, login: "click" | "automatic"): void {
  const loggedInBefore = useRef<Auth>(undefined);
  const isIn = status === "authenticated";
  // The value is the same during the whole login, so that the login's own state changes do not abort it.
  const isOut = !isIn && status !== "loading";
  useEffect(() => {
    if (isIn) loggedInBefore.current = auth;
    // After a logout, a login would overtake the navigation to the end-session endpoint.
    if (!isOut || login !== "automatic" || loggedInBefore.current === auth) return undefined;
    const unmounted = new AbortController();
    auth.getToken({ signal: unmounted.signal }).catch(ignore);
    return () => unmounted.abort();
  }, [auth, isIn, isOut, login]);
}

function logIn(auth: Auth, event: SyntheticEvent | undefined): void {
  const returnTo = event?.currentTarget.ownerDocument.location.href;
  // The state holds the error of a failed login.
  auth.login(returnTo === undefined ? {} : { returnTo }).catch(ignore);
}

function signInButton({ state, login }: AuthGate): ReactNode {
  const isKnown = state.status === "anonymous" || state.status === "expired";
  return isKnown ? createElement("button", { type: "button", onClick: login }, "Sign in") : null;
}

function ignore(): void {}
