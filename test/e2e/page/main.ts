import {
  createAuth,
  createEngine,
  DeviceCodeGrant,
  IframeUserAgent,
  PopupUserAgent,
  RefreshGrant,
} from "../../../src/index.ts";

declare global {
  interface Window {
    /** For tests, which configure everything from outside. */
    latchkey: {
      createAuth: typeof createAuth;
      createEngine: typeof createEngine;
      DeviceCodeGrant: typeof DeviceCodeGrant;
      IframeUserAgent: typeof IframeUserAgent;
      PopupUserAgent: typeof PopupUserAgent;
      RefreshGrant: typeof RefreshGrant;
    };
    /** What the page does by itself at each load; set before the page's own scripts run. */
    atLoad?: () => void;
  }
}

window.latchkey = {
  createAuth,
  createEngine,
  DeviceCodeGrant,
  IframeUserAgent,
  PopupUserAgent,
  RefreshGrant,
};

window.atLoad?.();
