import type { UserAgent } from "../../src/core/user-agent.ts";

type Send = (url: string, init: RequestInit) => Promise<Response>;

/** Sends authorization requests without a browser: follows redirects, keeps cookies, and shows no page. */
export class FetchUserAgent implements UserAgent {
  readonly #redirectUri: string;
  readonly #fetch: Send;
  readonly #cookies = new Map<string, string>();

  constructor(redirectUri: string, send: Send = (url, init) => fetch(url, init)) {
    this.#redirectUri = redirectUri;
    this.#fetch = send;
  }

  open(): ReturnType<UserAgent["open"]> {
    const redirectUri = this.#redirectUri;
    return { redirectUri, navigate: (url) => this.#follow(url), close: () => {} };
  }

  async #follow(start: string): Promise<string> {
    for (let url = start, hops = 0; hops < 10; hops++) {
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const response = await this.#fetch(url, { redirect: "manual", headers: { cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
        this.#cookies.set(name!, value!);
      }
      const location = response.headers.get("location");
      if (!location)
        throw new Error(`no redirect, but a page with status ${response.status} at ${url}`);
      url = new URL(location, url).href;
      if (url.startsWith(this.#redirectUri)) return url;
    }
    throw new Error("more than 10 redirects");
  }
}
