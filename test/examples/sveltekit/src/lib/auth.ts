import { env } from "$env/dynamic/public";
import { createAuth } from "../../../../../src/index.ts";

/** On the server, the state of this `Auth` stays `loading`. */
export const auth = createAuth({
  issuer: env.PUBLIC_ISSUER ?? "https://id.example.com",
  clientId: "web",
  redirectUri: "/",
});
