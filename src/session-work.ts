/** What a refresh needs, a login too: one chunk, because they are needed together. */
export { createServer } from "./oidc/server.ts";
export { createRefresherInPage } from "./refresher-in-page.ts";
