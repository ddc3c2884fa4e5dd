import { createAuth, isAuthError } from "../../../src/index.ts";
import { defineLatchkeyElements } from "../../../src/ui.ts";

interface Copy {
  readonly createAuth: typeof createAuth;
  readonly isAuthError: typeof isAuthError;
  readonly defineLatchkeyElements: typeof defineLatchkeyElements;
}

declare global {
  interface Window {
    /** The copies of Latchkey that this page has loaded. */
    copies?: Copy[];
    /** The objects that a test has created. */
    auths: ReturnType<typeof createAuth>[];
  }
}

window.copies = [...(window.copies ?? []), { createAuth, isAuthError, defineLatchkeyElements }];
