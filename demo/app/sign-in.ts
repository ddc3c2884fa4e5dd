import {
  PopupUserAgent,
  type Auth,
  type LoginOptions,
  type User,
  type UserAgent,
} from "../../src/index.ts";

/** A window of its own, this very page, or no trip yet: the picker asks who it is. */
export type Way = "window" | "page" | "picker";

/** The ways to sign in. */
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

  /** `loginHint`: who is suggested at the login page; without one the person chooses there, whoever is signed in. */
  start(way: "window" | "page", loginHint?: string): Promise<User> {
    this.#way = way;
    const who: LoginOptions =
      loginHint === undefined ? { prompt: "select_account" } : { loginHint };
    if (way === "page") return this.#auth.login({ ...who, returnTo: "/" });
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    return this.#auth.login({ ...who, userAgent: this.#popup, signal });
  }

  /** Asks with the picker; who is remembered is in at once. */
  choose(): Promise<string> {
    this.#way = "picker";
    this.#leaving = new AbortController();
    return this.#auth.getToken({ prompt: "select_account", signal: this.#leaving.signal });
  }

  /** For the picker's "Use another account". `onOpen`: the way is another one now. */
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

  /** Closes the window or the picker. */
  leave(): void {
    this.#leaving?.abort();
  }
}
