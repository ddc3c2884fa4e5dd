import {
  createAuth,
  createLazyServer,
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
      createLazyServer: typeof createLazyServer;
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
  createLazyServer,
  DeviceCodeGrant,
  IframeUserAgent,
  PopupUserAgent,
  RefreshGrant,
};

window.atLoad?.();
