import { PopupUserAgent, type Auth, type LoginOptions, type User } from "../../src/index.ts";
import { type UserAgent } from "../../src/parts.ts";

/** How a login runs: in a popup, by navigation of this page, or with the account picker, without a round trip yet. */
export type Way = "window" | "page" | "picker";

/** Starts logins and remembers how the last login was started. */
export class SignIn {
  readonly #auth: Auth;
  readonly #popup = new PopupUserAgent("/popup.html");
  #way: Way = "page";
  #leaving: AbortController | undefined;

  constructor(auth: Auth) {
    this.#auth = auth;
  }

  /** How the current or the last login was started. */
  get way(): Way {
    return this.#way;
  }

  /** `loginHint`: the user that the login page suggests. Without a hint the login page asks to choose an account. */
  start(way: "window" | "page", loginHint?: string): Promise<User> {
    this.#way = way;
    const options: LoginOptions =
      loginHint === undefined ? { prompt: "select_account" } : { loginHint };
    if (way === "page") return this.#auth.login({ ...options, returnTo: "/" });
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    return this.#auth.login({ ...options, userAgent: this.#popup, signal });
  }

  /** Shows the account picker. A remembered user is logged in at once. */
  choose(): Promise<string> {
    this.#way = "picker";
    this.#leaving = new AbortController();
    return this.#auth.getToken({ prompt: "select_account", signal: this.#leaving.signal });
  }

  /** The user agent for the picker's "Use another account". `onOpen`: called after `way` has changed to `window`. */
  userAgent(onOpen: () => void): UserAgent {
    return {
      open: () => {
        const roundTrip = this.#popup.open();
        this.#way = "window";
        onOpen();
        return roundTrip;
      },
    };
  }

  /** Aborts the login, which closes the popup or the picker. */
  leave(): void {
    this.#leaving?.abort();
  }
}
