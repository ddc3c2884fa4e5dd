import { useState, type ReactElement } from "react";
import { useAuth } from "../../../src/react.ts";

/** `useAuth()` in an event handler: `auth.fetch()` sends the token. */
export function ApiCard(): ReactElement {
  const { auth } = useAuth();
  const [result, setResponse] = useState<string>();
  const call = async () => {
    try {
      const response = await auth.fetch("/api/me");
      const { name } = (await response.json()) as { name?: string };
      setResponse(`${response.status}: ${name ?? "no user"}`);
    } catch {
      setResponse("No response. Try again in a moment.");
    }
  };
  return (
    <section className="card" aria-labelledby="api-title">
      <h2 id="api-title">
        Protected API <code className="hook">useAuth()</code>
      </h2>
      <p>
        <button className="button primary" type="button" onClick={() => void call()}>
          Call the API
        </button>
      </p>
      <output className="answer small-answer" data-empty={result === undefined ? "" : undefined}>
        {result ?? "The response appears here."}
      </output>
    </section>
  );
}
