import {
  createElement,
  Fragment,
  useEffect,
  useRef,
  useState,
  type ReactElement,
  type ReactNode,
  type SyntheticEvent,
} from "react";
import type { Auth } from "../core/auth.ts";
import type { AuthState } from "../core/auth-state.ts";
import { isAuthError, type AnyAuthError } from "../core/errors.ts";
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
  /** The error of the last login that failed, if any. Undefined after a login that the user cancelled. */
  readonly error: AnyAuthError | undefined;
}

/** The props of `RequireAuth`. */
export interface RequireAuthProps {
  /** Shown while a user is logged in. If another user logs in, React mounts the children anew. */
  readonly children?: ReactNode;
  /**
   * Shown while no user is logged in. Default: a "Sign in" button in the states `anonymous`, `expired` and `unavailable`, and
   * nothing in the other states. If a login has failed, the default also shows the error's message.
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
  const [failure, setFailure] = useState<unknown>(undefined);
  const isIn = state.status === "authenticated";
  // The error of an earlier login is of no use after a login that has succeeded.
  useEffect(() => {
    if (isIn) setFailure(undefined);
  }, [isIn]);
  useAutomaticLogin(auth, state, login);
  if (state.status === "authenticated") {
    return createElement(Fragment, { key: state.user.sub }, children);
  }
  const start = (event?: SyntheticEvent) => {
    setFailure(undefined);
    if (onLogin) onLogin(auth);
    else logIn(auth, event).catch(setFailure);
  };
  // The error of the state `expired` says why the session ended, and not why a login failed.
  const known = state.status !== "expired" && "error" in state ? state.error : undefined;
  const error = problemOf(failure ?? known);
  const shown =
    typeof fallback === "function" ? fallback({ state, login: start, error }) : fallback;
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

function logIn(auth: Auth, event: SyntheticEvent | undefined): Promise<unknown> {
  const returnTo = event?.currentTarget.ownerDocument.location.href;
  return auth.login(returnTo === undefined ? {} : { returnTo });
}

function signInButton({ state, login, error }: AuthGate): ReactNode {
  if (state.status === "loading" || state.status === "authenticating") return null;
  const button = createElement("button", { type: "button", onClick: login }, "Sign in");
  // The hint is on a line of its own.
  const style = { whiteSpace: "pre-line" } as const;
  const problem = error && createElement("p", { role: "alert", style }, error.message);
  return createElement(Fragment, null, button, problem);
}

/** Returns the error to show. A user who cancelled a login knows why the login did not work. */
function problemOf(error: unknown): AnyAuthError | undefined {
  return isAuthError(error) && error.code !== "cancelled" ? error : undefined;
}

function ignore(): void {}
