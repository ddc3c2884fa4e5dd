import { expect, test } from "vitest";
import { checkAuthConfig, type AuthConfig, type AuthParts } from "../../src/core/auth-config.ts";
import { ConfigurationError } from "../../src/core/errors.ts";

const endpoints = {
  authorizationEndpoint: "https://id.example.com/authorize",
  tokenEndpoint: "https://id.example.com/token",
};
const jwksUri = "https://id.example.com/keys";
const userFetcher = { fetchUser: () => {} };
const userAgent = { open: () => {} };
const good: AuthConfig & AuthParts = {
  issuer: "https://id.example.com",
  clientId: "web",
  redirectUri: "/callback",
};

function problem(change: Record<string, unknown>): ConfigurationError | undefined {
  try {
    checkAuthConfig({ ...good, ...change });
    return undefined;
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
}

test.for([
  {},
  { issuer: "https://id.example.com/realms/one" },
  { issuer: "http://localhost:4700" },
  { issuer: "http://127.0.0.1:4700" },
  { issuer: "http://[::1]:4700" },
  { redirectUri: "https://app.example.com/callback" },
  { redirectUri: "callback?from=id" },
  { redirectUri: "com.example.app:/cb", userAgent },
  { redirectUri: "com.example.app:///cb", userAgent },
  { redirectUri: "com.example.app://cb", userAgent },
  { redirectUri: "capacitor://localhost", userAgent },
  { redirectUri: "https://abcdefgh.chromiumapp.org/", userAgent },
  { redirectUri: "app://bundle/callback" },
  { silentSignOn: userAgent },
  { silentSignOn: "page" },
  { postLogoutRedirectUri: "com.example.app:/signed-out" },
  { scope: ["openid"] },
  { authTimeOnRefresh: "ignore" },
  { authTimeOnRefresh: "compare" },
  { postLogoutRedirectUri: "/" },
  { endpoints: { ...endpoints, jwksUri } },
  { endpoints, userFetcher },
  { endpoints, userFetcher: () => userFetcher },
  { endpoints, userFetcher, scope: ["read:user"] },
  { endpoints, grant: () => {} },
  { endpoints: { tokenEndpoint: endpoints.tokenEndpoint }, grant: () => {} },
  { endpoints: { ...endpoints, idTokenSigningAlgValuesSupported: [] }, userFetcher },
  { userFetcher, grant: () => {} },
  { resources: [] },
  { resources: ["https://api.example.com/v1", "urn:example:api"] },
])("%o is accepted", (change) => {
  expect(problem(change)).toBeUndefined();
});

test.for([
  ["issuer", { issuer: undefined }],
  ["issuer", { issuer: "" }],
  ["issuer", { issuer: 7 }],
  ["issuer", { issuer: "id.example.com" }],
  ["issuer", { issuer: "http://id.example.com" }],
  ["issuer", { issuer: "http://localhost.example.com" }],
  ["issuer", { issuer: "javascript:alert(1)" }],
  ["issuer", { issuer: "https://id.example.com?x=1" }],
  ["issuer", { issuer: "https://id.example.com#x" }],
  ["issuer", { issuer: "https://ada:secret@id.example.com" }],
  ["issuer", { issuer: "https://id.example.com/.well-known/openid-configuration" }],
  ["clientId", { clientId: undefined }],
  ["clientId", { clientId: "" }],
  ["clientId", { clientId: " " }],
  ["clientId", { clientId: 7 }],
  ["redirectUri", { redirectUri: undefined }],
  ["redirectUri", { redirectUri: "" }],
  ["redirectUri", { redirectUri: "https://" }],
  ["redirectUri", { redirectUri: "/callback#here" }],
  ["redirectUri", { redirectUri: "javascript:alert(1)" }],
  ["redirectUri", { redirectUri: "com.example.app:/cb" }],
  ["redirectUri", { redirectUri: "com.example.app:///cb" }],
  ["redirectUri", { redirectUri: "com.example.app:/cb#here", userAgent }],
  ["redirectUri", { redirectUri: "javascript:alert(1)", userAgent }],
  ["redirectUri", { redirectUri: "JavaScript://app.example.com/%0aalert(1)", userAgent }],
  ["redirectUri", { redirectUri: "data:text/html,x", userAgent }],
  ["redirectUri", { redirectUri: "blob:https://app.example.com/7d1c", userAgent }],
  ["redirectUri", { redirectUri: "file:///index.html", userAgent }],
  ["redirectUri", { redirectUri: "about:blank", userAgent }],
  ["postLogoutRedirectUri", { postLogoutRedirectUri: "mailto:ada@example.com" }],
  ["postLogoutRedirectUri", { postLogoutRedirectUri: "javascript:alert(1)" }],
  ["userAgent", { userAgent: null }],
  ["userAgent", { userAgent: {} }],
  ["userAgent", { userAgent: "popup" }],
  ["userAgent", { userAgent: () => userAgent }],
  ["silentSignOn", { silentSignOn: "frame" }],
  ["silentSignOn", { silentSignOn: {} }],
  ["scope", { scope: ["profile", "email"] }],
  ["scope", { scope: "openid profile" }],
  ["scope", { scope: null }],
  ["authTimeOnRefresh", { authTimeOnRefresh: "never" }],
  ["authTimeOnRefresh", { authTimeOnRefresh: true }],
  ["scope", { scope: ["profile"], endpoints: { ...endpoints, jwksUri } }],
  ["scope", { scope: "read:user", endpoints, userFetcher }],
  ["resources", { resources: "https://api.example.com" }],
  ["resources", { resources: ["/api"] }],
  ["resources", { resources: ["https://api.example.com/#here"] }],
  ["resources", { resources: [7] }],
  ["userFetcher", { endpoints }],
  ["userFetcher", { userFetcher: {} }],
  ["userFetcher", { userFetcher: "userinfo" }],
  ["grant", { grant: { requestToken: () => {} } }],
] as const)("a bad %s is refused by name, with a hint: %o", ([input, change]) => {
  const error = problem(change);
  expect(error).toMatchObject({ code: "configuration", input, retryable: false });
  expect(error!.message).toMatch(new RegExp(`^${input}: `));
  expect(error!.hint).toMatch(/^(Give|Set) /);
});

test("a missing configuration is reported as a missing issuer", () => {
  expect(() => checkAuthConfig(undefined as unknown as AuthConfig)).toThrow(
    "issuer: it is missing",
  );
});

test.for([
  [{ issuer: "http://id.example.com" }, "https"],
  [{ scope: "openid profile" }, "not a list"],
  [{ clientId: 5 }, "not a string"],
  [{ redirectUri: "com.example.app:/cb" }, "Set `userAgent`"],
  [{ redirectUri: "com.example.app:/cb" }, "no page can receive a response at com.example.app:/cb"],
  [{ userAgent: {} }, "no method open()"],
] as const)("the message names the fault: %o", ([change, fault]) => {
  expect(problem(change)!.message).toContain(fault);
});
