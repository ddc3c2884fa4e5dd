import { html, nothing, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { initialsOf, pictureOf, type ShownUser } from "./shown-user.ts";

const HUES = 6;

/** For who sees it only: the name is beside it. */
export function avatar(user: ShownUser): TemplateResult {
  const picture = pictureOf(user);
  // As an attribute that CSS shows: letters that are read or searched by nobody.
  return html`<span
    part="avatar"
    class="avatar hue-${hueOf(user)}"
    data-initials=${initialsOf(user)}
    aria-hidden="true"
    >${
      picture === undefined
        ? nothing
        : // A picture that failed stays hidden, so another one gets an element of its own.
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

/** The same person has the same colour everywhere. */
function hueOf({ sub }: ShownUser): number {
  let sum = 0;
  for (const letter of sub) sum = (sum * 31 + letter.codePointAt(0)!) % 9973;
  return sum % HUES;
}
