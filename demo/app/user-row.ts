import type { RememberedUser } from "../../src/index.ts";
import { element } from "./element.ts";

/** The actions for a user in the list. The template's buttons have the same names in `data-do`. */
export interface UserActions {
  readonly switchTo: (user: RememberedUser) => Promise<unknown>;
  readonly signIn: (user: RememberedUser) => Promise<unknown>;
  readonly logout: (user: RememberedUser) => Promise<unknown>;
  readonly forget: (user: RememberedUser) => Promise<unknown>;
}

export type Deed = keyof UserActions;

const LABELS: Readonly<Record<Deed, (name: string) => string>> = {
  switchTo: (name) => `Switch here to ${name}`,
  signIn: (name) => `Sign in with a popup as ${name}`,
  logout: (name) => `Sign out ${name}`,
  forget: (name) => `Forget ${name}`,
};

/** Fills a copy of the page's template. `isHere`: whether the user is this tab's user. */
export function userRow(user: RememberedUser, isHere: boolean): HTMLElement {
  const template = element("user-row") as HTMLTemplateElement;
  const row = document.importNode(template.content, true).firstElementChild as HTMLElement;
  const { sub, name = sub, email = "", needsLogin } = user;
  row.dataset["sub"] = sub;
  const find = (selector: string): HTMLElement => row.querySelector<HTMLElement>(selector)!;

  row.querySelector("latchkey-avatar")!.user = user;
  find(".who b").textContent = name;
  find(".who span").textContent = email;
  find('[data-mark="here"]').hidden = !isHere;
  find('[data-mark="out"]').hidden = !needsLogin;

  const isOffered: Readonly<Record<Deed, boolean>> = {
    switchTo: !isHere && !needsLogin,
    signIn: needsLogin,
    logout: !needsLogin,
    forget: true,
  };
  for (const button of row.querySelectorAll<HTMLElement>("[data-do]")) {
    const deed = button.dataset["do"] as Deed;
    button.hidden = !isOffered[deed];
    button.ariaLabel = LABELS[deed](name);
  }
  return row;
}
