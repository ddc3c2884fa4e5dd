import { Auth0Client } from "@auth0/auth0-spa-js";
import { UserManager, WebStorageStateStore } from "oidc-client-ts";

declare global {
  interface Window {
    /** The SDKs that the old app uses. Tests configure them. */
    old: {
      Auth0Client: typeof Auth0Client;
      UserManager: typeof UserManager;
      WebStorageStateStore: typeof WebStorageStateStore;
    };
  }
}

window.old = { Auth0Client, UserManager, WebStorageStateStore };
