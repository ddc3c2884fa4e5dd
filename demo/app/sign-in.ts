import { PopupUserAgent, type Auth, type User } from "../../src/index.ts";

/** A window of its own, or this very page. */
export type Way = "window" | "page";

/** The two ways to sign in. `loginHint`: who is suggested at the login page. */
export class SignIn {
  readonly #auth: Auth;
  readonly #popup = new PopupUserAgent("/popup.html");
  #way: Way = "page";
  #leaving: AbortController | undefined;

  constructor(auth: Auth) {
    this.#auth = auth;
  }

  /** Of the login that is under way, or was the last one. */
  get way(): Way {
    return this.#way;
  }

  go(way: Way, loginHint?: string): Promise<User> {
    this.#way = way;
    const hint = loginHint === undefined ? {} : { loginHint };
    if (way === "page") return this.#auth.login({ ...hint, returnTo: "/" });
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    return this.#auth.login({ ...hint, userAgent: this.#popup, signal });
  }

  /** Closes the window. */
  leave(): void {
    this.#leaving?.abort();
  }
}
