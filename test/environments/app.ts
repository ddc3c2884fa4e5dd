import {
  createAuth,
  createFetch,
  createTokenManager,
  MemoryTokenStorage,
} from "../../src/index.ts";

/** A module of an app, as a component under test imports it. */
export const auth = createAuth({
  issuer: "https://id.example.com",
  clientId: "web",
  redirectUri: "/",
});
export const api = createFetch({
  getToken: (options) => auth.getToken(options),
  allow: ["https://api.example.com"],
});
export const billing = createTokenManager({
  service: "billing",
  provider: { requestToken: () => Promise.reject(new Error("not in this test")) },
  storage: new MemoryTokenStorage(),
});
