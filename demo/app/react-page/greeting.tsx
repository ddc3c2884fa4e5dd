import type { ReactElement } from "react";
import { useAuth, useUser } from "../../../src/react.ts";
import type { LatchkeyAvatar } from "../../../src/ui.ts";
import { logoutOptions } from "./login-options.ts";

/** `useUser()`: renders again when the user changes, but not when a token is refreshed. */
export function Greeting(): ReactElement | null {
  const { auth } = useAuth();
  const user = useUser();
  if (!user) return null;
  return (
    <section className="card user" aria-labelledby="user-name">
      <latchkey-avatar user={user} />
      <div className="who">
        <h1 id="user-name">{user.name ?? user.sub}</h1>
        <p>{user.email}</p>
      </div>
      <code className="hook">useUser()</code>
      <button
        className="button quiet"
        id="sign-out"
        type="button"
        onClick={() => void auth.logout(logoutOptions)}
      >
        Sign out
      </button>
    </section>
  );
}

declare module "react/jsx-runtime" {
  namespace JSX {
    interface IntrinsicElements {
      "latchkey-avatar": Partial<Pick<LatchkeyAvatar, "user">>;
    }
  }
}
