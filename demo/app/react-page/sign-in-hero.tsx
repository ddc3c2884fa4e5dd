import type { ReactElement } from "react";
import { useAuth, type AuthGate } from "../../../src/react.ts";
import { problemOf } from "../problem.ts";
import { hasServerSession } from "../sign-out.ts";
import { loginOptions } from "./login-options.ts";

/** The page's content while no user is logged in. */
export function SignInHero({ state }: AuthGate): ReactElement {
  const { auth } = useAuth();
  // The state holds the error of a failed login.
  const signIn = () => void auth.login(loginOptions).catch(() => {});
  // The keys keep React from turning one section into the other, which would be visible as a jump.
  if (state.status === "loading") {
    return (
      <section key="loading" className="hero" aria-label="Loading">
        <div className="bones" aria-hidden="true">
          <i />
          <i />
          <i />
        </div>
      </section>
    );
  }
  const isBusy = state.status === "authenticating";
  return (
    <section key="sign-in" className="hero" aria-labelledby="hero-title">
      <div>
        <h1 id="hero-title">The same session in React.</h1>
        <p className="lead">{textOf(state)}</p>
        <p>
          <button className="button primary" type="button" aria-busy={isBusy} onClick={signIn}>
            {isBusy
              ? "Signing in…"
              : state.status === "expired"
                ? "Sign in again with a popup"
                : "Sign in with a popup"}
          </button>
        </p>
      </div>
    </section>
  );
}

function textOf(state: AuthGate["state"]): string {
  if (state.status === "expired") return "Your session ended. Sign in again to go on.";
  if (state.status === "anonymous" && state.error?.code === "popup_blocked")
    return "Your browser did not open the window. Allow popups for this site.";
  if (state.status === "anonymous" && state.error) return problemOf(state.error, "window").text;
  if (state.status === "anonymous" && state.reason === "logged_out" && hasServerSession())
    return "You are signed out in every tab. The identity provider's own session goes on, because this page did not go there. The app page goes there when its user signs out.";
  return "This page shows the session of the app with the hooks of latchkey/react. Sign in here or in the app.";
}
