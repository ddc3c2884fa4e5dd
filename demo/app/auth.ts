import { createAuth } from "../../src/index.ts";
import { AuthorizationCodeGrant, AutoLoginGrant, RefreshGrant } from "../../src/parts.ts";
import { issuer } from "./issuer.ts";
import { prompt } from "./prompts.ts";
import { allowWorker } from "./trusted-types.ts";

allowWorker();

/** The `Auth` of the app and of its React page. Both are the same client, so they share its sessions. */
export const auth = createAuth({
  issuer,
  clientId: "latchkey-demo",
  redirectUri: "/callback",
  postLogoutRedirectUri: "/",
  scope: ["openid", "profile", "email"],
  grant: (parts) =>
    new AutoLoginGrant(new RefreshGrant(new AuthorizationCodeGrant(parts.server), parts), {
      ...parts,
      prompt,
    }),
  worker: () =>
    // With `extendedLifetime`, a refresh also continues when the last tab closes. TypeScript does not know the option yet.
    new SharedWorker(new URL("./auth-worker.ts", import.meta.url), {
      type: "module",
      name: "auth",
      extendedLifetime: true,
    } as WorkerOptions),
});
