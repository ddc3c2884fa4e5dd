import { html, nothing, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { initialsOf, pictureOf, type ShownUser } from "./shown-user.ts";

const HUES = 6;

/** Renders the user's picture or initials. Screen readers skip the avatar, because they announce the user's name anyway. */
export function avatar(user: ShownUser): TemplateResult {
  const picture = pictureOf(user);
  // CSS shows the initials from an attribute, so that the browser's page search does not find the initials.
  return html`<span
    part="avatar"
    class="avatar hue-${hueOf(user)}"
    data-initials=${initialsOf(user)}
    aria-hidden="true"
    >${
      picture === undefined
        ? nothing
        : // If a picture fails to load, its `<img>` stays hidden. So each URL gets a new `<img>`.
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

/** Returns the number of the avatar's colour. The same `sub` always gets the same colour. */
function hueOf({ sub }: ShownUser): number {
  let sum = 0;
  for (const letter of sub) sum = (sum * 31 + letter.codePointAt(0)!) % 9973;
  return sum % HUES;
}
