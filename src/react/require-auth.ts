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

/** What a `fallback` function is given. */
export interface AuthGate {
  /** Never `authenticated`. */
  readonly state: Exclude<AuthState, { status: "authenticated" }>;
  /** For a click. With its event, as in `onClick={login}`, a login with the page comes back to where the person is. */
  readonly login: (event?: SyntheticEvent) => void;
}

export interface RequireAuthProps {
  /** Of one person: somebody else gets new ones, with no state left over. */
  readonly children?: ReactNode;
  /** Shown to everybody else. When not given: a button, once it is known that nobody is signed in. */
  readonly fallback?: ReactNode | ((gate: AuthGate) => ReactNode);
  /** What the click does; `auth.login()` when not given. */
  readonly onLogin?: (auth: Auth) => void;
  /**
   * `automatic`: where nobody is signed in to begin with, as `auth.getToken()` does: with a trip to the login page, but not
   * twice. Who signs out here, or whose session ends, sees the fallback. `click` when not given.
   */
  readonly login?: "click" | "automatic";
}

/**
 * Shows its children to who is signed in. A convenience: what must stay secret is guarded by the API.
 * @throws ConfigurationError no AuthProvider above
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
  const wasIn = useRef<Auth>(undefined);
  const isIn = status === "authenticated";
  // One value for all of a login, so that its own news do not end it.
  const isOut = !isIn && status !== "loading";
  useEffect(() => {
    if (isIn) wasIn.current = auth;
    // After a sign-out it would overtake the page that ends the session at the server.
    if (!isOut || login !== "automatic" || wasIn.current === auth) return undefined;
    const leaving = new AbortController();
    auth.getToken({ signal: leaving.signal }).catch(ignore);
    return () => leaving.abort();
  }, [auth, isIn, isOut, login]);
}

function logIn(auth: Auth, event: SyntheticEvent | undefined): void {
  const returnTo = event?.currentTarget.ownerDocument.location.href;
  // Why it failed is in the state.
  auth.login(returnTo === undefined ? {} : { returnTo }).catch(ignore);
}

function signInButton({ state, login }: AuthGate): ReactNode {
  const isKnown = state.status === "anonymous" || state.status === "expired";
  return isKnown ? createElement("button", { type: "button", onClick: login }, "Sign in") : null;
}

function ignore(): void {}
