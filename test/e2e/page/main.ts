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
