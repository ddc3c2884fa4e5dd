import type { RoundTrip, UserAgent } from "../../core/user-agent.ts";
import { awaitResponse } from "./await-response.ts";
import { resolveRedirectUri } from "./redirect-uri.ts";

export interface IframeOptions {
  /** Milliseconds; ten seconds when not given. */
  readonly timeoutMs?: number;
}

/**
 * Asks the authorization endpoint in a hidden frame, always with `prompt=none`: who is signed in at the server is signed in
 * here, nobody else sees anything. Browsers that keep the server's cookies from a frame of another site make it answer
 * `login_required`. `relayResponse()` runs at its redirect URI.
 */
export class IframeUserAgent implements UserAgent {
  readonly #redirectUri: string;
  readonly #options: IframeOptions;

  /** @param redirectUri of a page that calls `relayResponse()`, absolute or relative, registered at the server */
  constructor(redirectUri: string, options: IframeOptions = {}) {
    this.#redirectUri = redirectUri;
    this.#options = options;
  }

  /** @throws ConfigurationError the redirect URI is of another origin */
  open(): RoundTrip {
    const { timeoutMs = 10_000 } = this.#options;
    const redirectUri = resolveRedirectUri(this.#redirectUri);
    const leaving = new AbortController();
    const frame = document.createElement("iframe");
    frame.hidden = true;
    frame.title = "Signing in";
    return {
      redirectUri,
      prompt: "none",
      navigate: (url) =>
        awaitResponse(url, {
          redirectUri,
          timeoutMs,
          left: leaving.signal,
          start: () => {
            frame.src = url;
            document.body.append(frame);
          },
          isClosed: () => !frame.isConnected,
        }),
      close: () => {
        leaving.abort();
        frame.remove();
      },
    };
  }
}
