import {
  createElement,
  Fragment,
  useEffect,
  useRef,
  type ReactElement,
  type ReactNode,
  type SyntheticEvent,
} from "react";
import type { Auth } from "../core/auth.ts";
import type { AuthState } from "../core/auth-state.ts";
import { useAuth } from "./use-auth.ts";

/** The argument of a `fallback` function. */
export interface AuthGate {
  /** The current state, which is never `authenticated`. */
  readonly state: Exclude<AuthState, { status: "authenticated" }>;
  /**
   * Starts a login. Use this function as a click handler: `onClick={login}`. After the login, the user returns to the URL that
   * the page had at the time of the click.
   */
  readonly login: (event?: SyntheticEvent) => void;
}

/** The props of `RequireAuth`. */
export interface RequireAuthProps {
  /** Shown while a user is logged in. If another user logs in, React mounts the children anew. */
  readonly children?: ReactNode;
  /**
   * Shown while no user is logged in. Default: a "Sign in" button in the states `anonymous` and `expired`, and nothing in the
   * other states.
   */
  readonly fallback?: ReactNode | ((gate: AuthGate) => ReactNode);
  /**
   * Starts the login. `RequireAuth` calls this function when the fallback calls `login()`. Default: a function that calls
   * `auth.login()`.
   */
  readonly onLogin?: (auth: Auth) => void;
  /**
   * Says when a login starts. Default: `click`.
   * - `click`: a login starts when the fallback calls `login()`.
   * - `automatic`: if no user is logged in, the component starts at most one automatic login, with `auth.getToken()`. After a
   *   logout, the component shows the fallback.
   */
  readonly login?: "click" | "automatic";
}

/**
 * Shows its children while a user is logged in, and `fallback` otherwise. The component does not protect secrets: the API must
 * check the access token.
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
  // `isOut` stays true during the whole login. If the effect depended on `status`, each state change would abort the login.
  const isOut = !isIn && status !== "loading";
  useEffect(() => {
    if (isIn) loggedInBefore.current = auth;
    // After a logout, do not start a login. The login would interrupt a navigation to the server's logout page.
    if (!isOut || login !== "automatic" || loggedInBefore.current === auth) return undefined;
    const unmounted = new AbortController();
    auth.getToken({ signal: unmounted.signal }).catch(ignore);
    return () => unmounted.abort();
  }, [auth, isIn, isOut, login]);
}

function logIn(auth: Auth, event: SyntheticEvent | undefined): void {
  const returnTo = event?.currentTarget.ownerDocument.location.href;
  // The rejection can be ignored, because `auth.state` contains the error of the failed login.
  auth.login(returnTo === undefined ? {} : { returnTo }).catch(ignore);
}

function signInButton({ state, login }: AuthGate): ReactNode {
  const isKnown = state.status === "anonymous" || state.status === "expired";
  return isKnown ? createElement("button", { type: "button", onClick: login }, "Sign in") : null;
}

function ignore(): void {}
