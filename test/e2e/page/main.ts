import { createAuth } from "../../../src/index.ts";

declare global {
  interface Window {
    /** For tests, which configure everything from outside. */
    latchkey: { createAuth: typeof createAuth };
  }
}

window.latchkey = { createAuth };
