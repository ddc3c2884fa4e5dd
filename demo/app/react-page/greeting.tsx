import type { ReactElement } from "react";
import { useUser } from "../../../src/react.ts";

/** `useUser()`: renders again when the user changes, but not when a token is refreshed. */
export function Greeting(): ReactElement | null {
  const user = useUser();
  if (!user) return null;
  return (
    <section className="card user" aria-labelledby="user-name">
      {user.picture && <img src={user.picture} alt="" width="72" height="72" />}
      <div className="who">
        <h1 id="user-name">{user.name ?? user.sub}</h1>
        <p>{user.email}</p>
      </div>
      <code className="hook">useUser()</code>
    </section>
  );
}
