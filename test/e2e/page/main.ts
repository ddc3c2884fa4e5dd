import { createAuth, createEngine, IframeUserAgent, PopupUserAgent } from "../../../src/index.ts";

declare global {
  interface Window {
    /** For tests, which configure everything from outside. */
    latchkey: {
      createAuth: typeof createAuth;
      createEngine: typeof createEngine;
      IframeUserAgent: typeof IframeUserAgent;
      PopupUserAgent: typeof PopupUserAgent;
    };
  }
}

window.latchkey = { createAuth, createEngine, IframeUserAgent, PopupUserAgent };
