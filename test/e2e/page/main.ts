import {
  createAuth,
  IframeUserAgent,
  PopupUserAgent,
  type CreateAuthConfig,
} from "../../../src/index.ts";
import { diagnose } from "../../../src/oidc/diagnose.ts";
import { createLazyServer, DeviceCodeGrant, RefreshGrant } from "../../../src/parts.ts";
import { authWorker, workerAt } from "./workers.ts";

declare global {
  interface Window {
    /** The SDK, which tests configure. */
    latchkey: {
      createAuth: (config: CreateAuthConfig) => ReturnType<typeof createAuth>;
      createLazyServer: typeof createLazyServer;
      diagnose: typeof diagnose;
      DeviceCodeGrant: typeof DeviceCodeGrant;
      IframeUserAgent: typeof IframeUserAgent;
      PopupUserAgent: typeof PopupUserAgent;
      RefreshGrant: typeof RefreshGrant;
      authWorker: typeof authWorker;
      workerAt: typeof workerAt;
    };
    /** Runs at each load. Tests set it before the page's own scripts run. */
    atLoad?: () => void;
  }
}

window.latchkey = {
  // Most tests look at the page of the redirect URI, so it stays. `onReturn: undefined` is what an app has by default.
  createAuth: (config: CreateAuthConfig) => createAuth({ onReturn: () => {}, ...config }),
  createLazyServer,
  diagnose,
  DeviceCodeGrant,
  IframeUserAgent,
  PopupUserAgent,
  RefreshGrant,
  authWorker,
  workerAt,
};

window.atLoad?.();
