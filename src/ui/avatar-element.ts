import {
  css,
  LitElement,
  nothing,
  type CSSResultGroup,
  type PropertyDeclarations,
  type TemplateResult,
} from "lit";
import type { RememberedUser } from "../core/login-prompt.ts";
import type { User } from "../core/user.ts";
import { avatar } from "./avatar.ts";
import { avatarStyles } from "./styles/avatar.ts";
import { theme } from "./styles/theme.ts";

/**
 * `<latchkey-avatar>`: shows a user as the other elements do, so that a user looks the same everywhere in the app. The element
 * shows the user's picture. Without a picture, the element shows the user's initials. Screen readers skip the element, so write
 * the user's name beside it. The width and the height of the element are its size.
 *
 * @csspart avatar
 * @example
 * defineLatchkeyElements();
 * const avatar = document.createElement("latchkey-avatar");
 * avatar.user = await auth.getUser();
 * document.body.append(avatar);
 */
export class LatchkeyAvatar extends LitElement {
  static override readonly properties: PropertyDeclarations = { user: { attribute: false } };
  static override readonly styles: CSSResultGroup = [
    theme,
    avatarStyles,
    css`
      :host {
        display: inline-block;
        flex: none;
        inline-size: 2.5rem;
        block-size: 2.5rem;
        border-radius: 50%;
        container-type: inline-size;
        vertical-align: middle;
      }

      .avatar {
        inline-size: 100%;
        block-size: 100%;
        font-family: var(--_font);
        font-size: 37.5cqi;
      }
    `,
  ];

  /** The user whose avatar the element shows. While `user` is undefined, the element is empty. */
  declare user: User | RememberedUser | undefined;

  protected override render(): TemplateResult | typeof nothing {
    return this.user ? avatar(this.user) : nothing;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "latchkey-avatar": LatchkeyAvatar;
  }
}
