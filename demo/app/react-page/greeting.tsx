import type { ReactElement } from "react";
import { useUser } from "../../../src/react.ts";

/** `useUser()`: renders when another person is here, and not when a token is renewed. */
export function Greeting(): ReactElement | null {
  const user = useUser();
  if (!user) return null;
  return (
    <section className="card person" aria-labelledby="person-name">
      {user.picture && <img src={user.picture} alt="" width="72" height="72" />}
      <div className="who">
        <h1 id="person-name">{user.name ?? user.sub}</h1>
        <p>{user.email}</p>
      </div>
      <code className="hook">useUser()</code>
    </section>
  );
}
