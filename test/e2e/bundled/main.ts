import { createAuth, type Auth } from "../../../src/index.ts";

/** An app that refreshes in a worker. `bundlers.test.ts` builds it with each bundler, and with the built package. */

declare global {
  interface Window {
    auth: Auth;
  }
}

const issuer = sessionStorage.getItem("issuer");
if (issuer !== null) {
  window.auth = createAuth({
    issuer,
    clientId: "latchkey-demo",
    redirectUri: "/",
    worker: () =>
      new SharedWorker(new URL("./auth-worker.ts", import.meta.url), {
        type: "module",
        name: "auth",
        extendedLifetime: true,
        // TypeScript's types lack `extendedLifetime`.
      } as WorkerOptions),
  });
}
