import { html, nothing, type TemplateResult } from "lit";
import type { RememberedUser } from "../core/login-prompt.ts";
import { avatar } from "./avatar.ts";
import { nameOf, secondLineOf } from "./shown-user.ts";
import type { Strings } from "./strings/strings.ts";

/** Renders one user of the picker as a button. */
export function userRow(
  user: RememberedUser,
  strings: Strings,
  onChoose: () => void,
): TemplateResult {
  const second = secondLineOf(user);
  return html`<button type="button" class="row user" part="user" @click=${onChoose}>
    ${avatar(user)}
    <span class="who">
      <span class="name" part="name"><bdi>${nameOf(user)}</bdi></span>
      ${second === undefined ? nothing : html`<span class="muted email" part="email"><bdi>${second}</bdi></span>`}
    </span>
    ${
      user.needsLogin
        ? html`<span class="mark" part="signed-out">${strings.signedOut}</span>`
        : nothing
    }
  </button>`;
}
