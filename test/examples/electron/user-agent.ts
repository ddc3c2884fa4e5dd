/** Logins of an Electron app, in the page. The page learns nothing of a browser that the user closes, so a login has a timeout. */
import { CancelledError, TimeoutError, type Auth } from "../../../src/index.ts";
import type { RoundTrip, UserAgent } from "../../../src/parts.ts";
import type { LoginBridge } from "./preload.ts";

export class ElectronUserAgent implements UserAgent {
  readonly #redirectUri: string;
  readonly #logins: LoginBridge;
  readonly #timeoutMs: number;

  constructor(redirectUri: string, logins: LoginBridge, timeoutMs = 600_000) {
    this.#redirectUri = redirectUri;
    this.#logins = logins;
    this.#timeoutMs = timeoutMs;
  }

  open(): RoundTrip {
    const closed = new AbortController();
    return {
      redirectUri: this.#redirectUri,
      navigate: (url) => this.#visit(url, closed.signal),
      close: () => closed.abort(),
    };
  }

  /** The server shows its own page after the logout, because the app does not need to be opened again. */
  async endSession(url: string): Promise<void> {
    await this.#logins.open(url);
  }

  async #visit(url: string, signal: AbortSignal): Promise<string> {
    const ended = new AbortController();
    try {
      return await new Promise<string>((resolve, reject) => {
        const stop = this.#logins.onResponse((response) => {
          if (stateOf(response) === stateOf(url)) resolve(response);
        });
        const timeout = new TimeoutError("the user did not log in", { pending: false });
        const timer = setTimeout(() => reject(timeout), this.#timeoutMs);
        ended.signal.addEventListener("abort", () => {
          stop();
          clearTimeout(timer);
        });
        signal.addEventListener("abort", () => reject(new CancelledError("the login was stopped")));
        this.#logins.open(url).catch(reject);
      });
    } finally {
      ended.abort();
    }
  }
}

/**
 * Handles the response with which the system has started the app, because the user closed the app during the login. Call this
 * function before the first `getToken()`. Returns the path at which the app continues, if there was such a response.
 */
export async function resumeLogin(auth: Auth, logins: LoginBridge): Promise<string | undefined> {
  const url = await logins.launchUrl();
  if (typeof url !== "string") return undefined;
  return (await auth.handleCallback(url))?.returnTo;
}

function stateOf(url: string): string | null {
  return new URL(url).searchParams.get("state");
}
