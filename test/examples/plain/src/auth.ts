import { createAuth } from "latchkey";

/** The `Auth` of the app, which other modules import. */
export const auth = createAuth({
  issuer: "https://id.example.com",
  clientId: "web",
  redirectUri: "/",
});
