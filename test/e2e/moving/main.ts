import {
  auth0Session,
  createAuth,
  importSession,
  oidcClientSession,
  type Auth,
} from "../../../src/index.ts";

declare global {
  interface Window {
    auth: Auth;
    /** Latchkey, which the new app uses. Tests configure it. */
    moving: {
      auth0Session: typeof auth0Session;
      createAuth: typeof createAuth;
      importSession: typeof importSession;
      oidcClientSession: typeof oidcClientSession;
    };
  }
}

window.moving = { auth0Session, createAuth, importSession, oidcClientSession };
