import type { Auth, RememberedUser } from "../../src/index.ts";
import { stored } from "./stored.ts";
import { onUsersChanged } from "./users-news.ts";

const KEY = "demo/remembered";

/**
 * The page's place for the question whether to stay signed in. The question covers nothing there. The place opens at the login,
 * a moment before the question comes, so that nothing moves when the question comes.
 */
export class RememberPlace {
  readonly #listeners = new Set<() => void>();
  #isOpen = false;
  #question: Promise<boolean> | undefined;

  readonly isOpen = (): boolean => this.#isOpen;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly open = (): void => this.#set(true);
  readonly close = (): void => this.#set(false);

  /** Keeps the place open until the user has replied. A later question replaces an earlier one. */
  async ask(question: Promise<boolean>): Promise<boolean> {
    this.#question = question;
    this.open();
    try {
      return await question;
    } finally {
      if (this.#question === question) this.close();
    }
  }

  /** Opens the place at each login of a user who is not remembered, and closes it when this user leaves the tab. */
  follow(auth: Auth): void {
    let [shown, login]: (string | undefined)[] = [];
    const update = (): void => {
      const { state } = auth;
      if (state.status === "authenticating") return;
      const isIn = state.status === "authenticated";
      const sub = isIn ? state.user.sub : undefined;
      const now = isIn && state.reason === "login" ? `${sub} ${state.token.expiresAt}` : undefined;
      if (now !== undefined && now !== login) this.#set(!isRemembered(sub));
      else if (sub !== shown) this.close();
      shown = sub;
      login = now ?? login;
    };
    onUsersChanged(() => void storeUsers(auth));
    void storeUsers(auth);
    auth.subscribe(update);
    update();
  }

  #set(isOpen: boolean): void {
    if (isOpen === this.#isOpen) return;
    this.#isOpen = isOpen;
    for (const listener of this.#listeners) listener();
  }
}

/** Stores who is remembered. A page at the redirect URI cannot read the users before its login is complete. */
async function storeUsers(auth: Auth): Promise<void> {
  const users = await auth.users().catch((): RememberedUser[] => []);
  localStorage.setItem(KEY, JSON.stringify(users.map(({ sub }) => sub)));
}

function isRemembered(sub: string | undefined): boolean {
  const subs = stored(KEY);
  return Array.isArray(subs) && subs.includes(sub);
}
