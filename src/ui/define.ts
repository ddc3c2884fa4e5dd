import { LatchkeyAvatar } from "./avatar-element.ts";
import { LatchkeyUsers } from "./users.ts";
import { LatchkeyButton } from "./button.ts";
import { LatchkeyDevice } from "./device.ts";
import { LatchkeyRemember } from "./remember.ts";

/**
 * Defines Latchkey's five custom elements. Skips names that are already defined, so an app can call this function twice.
 * @see https://html.spec.whatwg.org/multipage/custom-elements.html
 * @example
 * defineLatchkeyElements();
 * document.body.append(document.createElement("latchkey-button"));
 */
export function defineLatchkeyElements(): void {
  define("latchkey-avatar", LatchkeyAvatar);
  define("latchkey-users", LatchkeyUsers);
  define("latchkey-button", LatchkeyButton);
  define("latchkey-device", LatchkeyDevice);
  define("latchkey-remember", LatchkeyRemember);
}

function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}
