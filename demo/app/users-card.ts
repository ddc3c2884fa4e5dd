import type { Auth, RememberedUser } from "../../src/index.ts";
import { element } from "./element.ts";
import { onUsersChanged, usersChanged } from "./users-news.ts";
import { userRow, type Deed, type UserActions } from "./user-row.ts";

/** The list of the users that are remembered on this device, with the actions for each user. */
export class UsersCard {
  readonly #auth: Auth;
  readonly #list = element("users-list");
  #users: readonly RememberedUser[] = [];
  #shown = "";

  /** `tell`: reports a failed action to the user. */
  constructor(auth: Auth, actions: UserActions, tell: (error: unknown) => void) {
    this.#auth = auth;
    onUsersChanged(() => void this.load());
    this.#list.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest<HTMLElement>("[data-do]") : null;
      const sub = button?.closest<HTMLElement>("li")?.dataset["sub"];
      const user = this.#users.find((one) => one.sub === sub);
      if (button === null || user === undefined) return;
      actions[button.dataset["do"] as Deed](user).catch(tell).finally(usersChanged);
    });
  }

  /** Reads the list again. */
  async load(): Promise<void> {
    // Without a working store the list is empty, and the state holds the error.
    this.#users = await this.#auth.users().catch(() => []);
    this.show();
  }

  /** Shows the list that was read last. */
  show(): void {
    const { state } = this.#auth;
    const isIn = state.status === "authenticated";
    const here = isIn ? state.user.sub : undefined;
    const isEmpty = this.#users.length === 0;
    const isBusy = state.status === "loading" || state.status === "authenticating";
    element("users").hidden = isEmpty || isBusy;
    for (const part of document.querySelectorAll<HTMLElement>("[data-with-users]"))
      part.hidden = isEmpty;
    element("sign-in").classList.toggle("primary", isEmpty);
    element("sign-in").classList.toggle("quiet", !isEmpty);

    const shown = JSON.stringify([here, this.#users]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const hadFocus = this.#list.contains(document.activeElement);
    this.#list.replaceChildren(...this.#users.map((user) => userRow(user, user.sub === here)));
    // The focused button was removed with its row.
    if (hadFocus) element("users-title").focus();
  }
}
