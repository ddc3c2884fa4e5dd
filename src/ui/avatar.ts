import { html, nothing, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { initialsOf, pictureOf, type ShownUser } from "./shown-user.ts";

const HUES = 6;

/** The user's picture or initials. Decorative: the name is beside the avatar, so screen readers skip it. */
export function avatar(user: ShownUser): TemplateResult {
  const picture = pictureOf(user);
  // CSS shows the initials from an attribute, so that neither screen readers nor the page search find them.
  return html`<span
    part="avatar"
    class="avatar hue-${hueOf(user)}"
    data-initials=${initialsOf(user)}
    aria-hidden="true"
    >${
      picture === undefined
        ? nothing
        : // A failed picture stays hidden, so each URL gets an element of its own.
          keyed(
            picture,
            html`<img src=${picture} alt="" referrerpolicy="no-referrer" @error=${hideIt} />`,
          )
    }</span
  >`;
}

function hideIt({ currentTarget }: Event): void {
  (currentTarget as HTMLImageElement).hidden = true;
}

/** A user has the same colour everywhere. */
function hueOf({ sub }: ShownUser): number {
  let sum = 0;
  for (const letter of sub) sum = (sum * 31 + letter.codePointAt(0)!) % 9973;
  return sum % HUES;
}
