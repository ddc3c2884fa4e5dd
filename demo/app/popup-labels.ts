import type { LatchkeyButton } from "../../src/ui.ts";

const signIn = "Sign in (popup)";

/** The labels of `<latchkey-button>` say how its login runs. They are short, because a narrow header has no room for more. */
export const popupLabels: NonNullable<LatchkeyButton["strings"]> = { signIn, signInAgain: signIn };
