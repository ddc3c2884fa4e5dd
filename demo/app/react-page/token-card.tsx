import type { ReactElement } from "react";
import { useAuth, useToken } from "../../../src/react.ts";
import { useSecondsLeft } from "./use-seconds-left.ts";

const WORDS = { loading: "Asking", ready: "Ready", failed: "Missing" } as const;

/** `useToken()`: a token for rendering, refreshed while the component is mounted. */
export function TokenCard(): ReactElement {
  const { state } = useAuth();
  const token = useToken();
  const secondsLeft = useSecondsLeft(
    state.status === "authenticated" ? state.token.expiresAt : undefined,
  );
  return (
    <section className="card" aria-labelledby="token-title">
      <h2 id="token-title">
        Access token <code className="hook">useToken()</code>
      </h2>
      <dl className="facts wide">
        <div>
          <dt>State</dt>
          <dd>
            <span className="badge">{WORDS[token.status]}</span>
          </dd>
        </div>
        <div>
          <dt>Valid for</dt>
          <dd id="seconds-left">{secondsLeft} s</dd>
        </div>
        <div>
          <dt>Length</dt>
          <dd>{token.token?.length ?? 0} characters, never shown</dd>
        </div>
      </dl>
    </section>
  );
}
