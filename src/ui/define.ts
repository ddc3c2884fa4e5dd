import { LatchkeyUsers } from "./users.ts";
import { LatchkeyButton } from "./button.ts";
import { LatchkeyDevice } from "./device.ts";
import { LatchkeyRemember } from "./remember.ts";

/** Defines the four elements. Names that are taken stay as they are, so calling it twice does no harm. */
export function defineLatchkeyElements(): void {
  define("latchkey-users", LatchkeyUsers);
  define("latchkey-button", LatchkeyButton);
  define("latchkey-device", LatchkeyDevice);
  define("latchkey-remember", LatchkeyRemember);
}

function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}
