import { html, nothing, type TemplateResult } from "lit";
import type { RememberedUser } from "../core/login-prompt.ts";
import { avatar } from "./avatar.ts";
import { nameOf, secondLineOf } from "./shown-user.ts";
import type { Strings } from "./strings/strings.ts";

/** Options of `userRow()`. */
export interface UserRowOptions {
  readonly user: RememberedUser;
  /** The `sub` of this tab's user. */
  readonly current: string | undefined;
  readonly strings: Strings;
  readonly onChoose: () => void;
}

/** Renders one user of the picker as a button. */
export function userRow({ user, current, strings, onChoose }: UserRowOptions): TemplateResult {
  const second = secondLineOf(user);
  const isHere = user.sub === current && !user.needsLogin;
  return html`<button
    type="button"
    class="row user"
    part="user"
    aria-current=${isHere ? "true" : nothing}
    @click=${onChoose}
  >
    ${avatar(user)}
    <span class="who">
      <span class="name" part="name"><bdi>${nameOf(user)}</bdi></span>
      ${second === undefined ? nothing : html`<span class="muted email" part="email"><bdi>${second}</bdi></span>`}
    </span>
    ${
      user.needsLogin
        ? html`<span class="mark" part="signed-out">${strings.signedOut}</span>`
        : isHere
          ? html`<span class="mark here" part="this-tab">${strings.thisTab}</span>`
          : nothing
    }
  </button>`;
}
