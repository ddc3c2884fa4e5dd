import { createAuth, IframeUserAgent, PopupUserAgent } from "../../../src/index.ts";

declare global {
  interface Window {
    /** For tests, which configure everything from outside. */
    latchkey: {
      createAuth: typeof createAuth;
      IframeUserAgent: typeof IframeUserAgent;
      PopupUserAgent: typeof PopupUserAgent;
    };
  }
}

window.latchkey = { createAuth, IframeUserAgent, PopupUserAgent };
