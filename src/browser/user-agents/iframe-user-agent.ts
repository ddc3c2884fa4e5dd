import type { RoundTrip, UserAgent } from "../../core/user-agent.ts";
import { awaitResponse } from "./await-response.ts";
import { resolveRedirectUri } from "./redirect-uri.ts";

/** Options of an `IframeUserAgent`. */
export interface IframeOptions {
  /** If no authorization response arrives within this time, the login fails. Milliseconds. Default: 10,000. */
  readonly timeoutMs?: number;
}

/**
 * The server's page in the frame can run scripts, send forms and read its own cookies. The server's page in the frame cannot
 * navigate the app's page and cannot open windows. `allow-same-origin` also lets the page at the redirect URI send the response
 * to the app's page.
 */
const SANDBOX = "allow-scripts allow-same-origin allow-forms";

/**
 * Sends the authorization request from a hidden frame, always with `prompt=none`. The login succeeds only if the user already
 * has a session at the server. If the browser blocks the server's cookies in the frame, the login fails with `login_required`.
 *
 * The page at the redirect URI must call `relayResponse()`.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
 * @example
 * const user = await auth.login({ userAgent: new IframeUserAgent("/popup.html") });
 * console.log(user.sub);
 */
export class IframeUserAgent implements UserAgent {
  readonly #redirectUri: string;
  readonly #options: IframeOptions;

  /**
   * @param redirectUri the absolute or relative URL of a page that calls `relayResponse()`. Register this URL at the server.
   */
  constructor(redirectUri: string, options: IframeOptions = {}) {
    this.#redirectUri = redirectUri;
    this.#options = options;
  }

  /** @throws ConfigurationError the redirect URI has another origin than this page */
  open(): RoundTrip {
    const { timeoutMs = 10_000 } = this.#options;
    const redirectUri = resolveRedirectUri(this.#redirectUri);
    const leaving = new AbortController();
    const frame = document.createElement("iframe");
    frame.hidden = true;
    frame.title = "Signing in";
    frame.setAttribute("sandbox", SANDBOX);
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
