import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CancelledError, ConfigurationError, NetworkError } from "../../../src/core/errors.ts";
import {
  AuthorizationError,
  DiscoveryError,
  IdTokenError,
} from "../../../src/core/protocol-errors.ts";
import { loginResponse, world, type World } from "../fixture.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function opened(my: World) {
  const auth = my.tab();
  auth.start();
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(100);
  return auth;
}

const refused = (error: string) =>
  new AuthorizationError({ error, errorDescription: "says the server" }, "a hint");

describe("the developer is told once of a login that failed because of", () => {
  test.each([
    ["wrong scopes", refused("invalid_scope"), "invalid_scope (says the server)"],
    ["metadata of another issuer", new DiscoveryError("another issuer", { hint: "x" }), "another"],
    [
      "CORS",
      new NetworkError("withheld", undefined, "Allow this origin.", false, true),
      "withheld",
    ],
    [
      "E1: an ID token that is not valid",
      new IdTokenError("acr", "it is not the one that was asked for", { hint: "x" }),
      "ID token, acr",
    ],
    ["a wrong option", new ConfigurationError("returnTo", "it is wrong", "Fix it."), "returnTo"],
  ])("%s", async (_, error, words) => {
    const my = world();
    const auth = await opened(my);
    my.server.authorize = () => Promise.reject(error);
    for (let i = 0; i < 2; i++) await expect(auth.login()).rejects.toBe(error);
    expect(my.page.warnings).toEqual([expect.stringContaining(words)]);
  });
});

describe("the developer is not told of a login", () => {
  test.each([
    ["that the user cancelled", new CancelledError("closed")],
    ["without a network", new NetworkError("offline")],
    ["whose response was lost", new NetworkError("lost", undefined, "Log in again.", false)],
    ["that the user declined", refused("access_denied")],
  ])("%s", async (_, error) => {
    const my = world();
    const auth = await opened(my);
    my.navigate = () => Promise.reject(error);
    await expect(auth.login()).rejects.toBe(error);
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    expect(my.page.warnings).toEqual([]);
  });
});

test.for([
  [["read,write"], ["read", "write"], "nothing"],
  [["read,write"], ["api://x/read", "write"], "nothing"],
  [["read,write"], ["read"], "did not grant the scope read,write"],
  [["read", "write"], ["read"], "did not grant the scope write"],
] as const)(
  "of a login with the scopes %j that grants %j, the developer is told: %s",
  async ([scope, granted, told]) => {
    const my = world();
    my.navigate = async () => "https://app.example/callback?code=c";
    my.server.exchange = async () => loginResponse({ scope: granted });
    my.scope = scope;
    const auth = await opened(my);
    await auth.login();
    expect(my.page.warnings).toEqual(told === "nothing" ? [] : [expect.stringContaining(told)]);
  },
);

describe("a login without a refresh token", () => {
  const loggedIn = async (scope?: readonly string[]) => {
    const my = world();
    my.navigate = async () => "https://app.example/callback?code=c";
    const { refreshToken: _, ...tokens } = loginResponse();
    my.server.exchange = async () => tokens;
    my.scope = scope;
    const auth = await opened(my);
    await auth.login();
    await auth.login();
    return my.page.warnings;
  };

  test("E5: is told once, with what to change", async () => {
    expect(await loggedIn()).toEqual([
      expect.stringMatching(/no refresh token.*offline_access.*prompt: "consent".*silentSignOn/),
    ]);
  });

  test("is not told when the app does not want one", async () => {
    expect(await loggedIn(["openid"])).toEqual([]);
  });
});

test.each([
  [["openid", "orders:read", "orders:write"], ["openid", "orders:read"], "orders:write"],
  [["openid", "orders"], [], "orders"],
  [["openid", "offline_access", "profile"], ["profile"], undefined],
  [["openid", "email"], ["https://www.googleapis.com/auth/userinfo.email"], undefined],
  [["openid", "api://orders/read"], ["read"], undefined],
])(
  "C5: a login with the scope %j that grants %j is told once: %s",
  async (scope, granted, missing) => {
    const my = world();
    my.navigate = async () => "https://app.example/callback?code=c";
    my.server.exchange = async () => loginResponse({ scope: granted });
    my.scope = scope;
    const auth = await opened(my);
    for (let i = 0; i < 2; i++) await auth.login();
    expect(auth.state).toMatchObject({ status: "authenticated", token: { scope: granted } });
    const told = missing === undefined ? [] : [expect.stringContaining(`the scope ${missing}. It`)];
    expect(my.page.warnings).toEqual(told);
  },
);

test("C5: a scope of the configuration that a login requests again is named once", async () => {
  const my = world();
  my.navigate = async () => "https://app.example/callback?code=c&state=s";
  const asked = { resource: undefined, audience: undefined, scope: ["read"] };
  my.server.exchange = async () => loginResponse({ scope: ["openid"], asked });
  my.scope = ["openid", "read"];
  const auth = await opened(my);
  await auth.login({ scope: ["read"] });
  expect(my.page.warnings).toEqual([expect.stringContaining("the scope read. It")]);
});

test("a page on which Latchkey cannot work is told once", async () => {
  const my = world();
  my.page.problem = new ConfigurationError("secure context", "no https", "Use https.");
  await opened(my);
  expect(my.page.warnings).toEqual([expect.stringContaining("no https")]);
});

test("a server that is no page is not told", async () => {
  const my = world();
  my.page.problem = new ConfigurationError("environment", "no page", "x");
  my.page.isDocument = () => false;
  const auth = await opened(my);
  expect(my.page.warnings).toEqual([]);
  expect(auth.state.status).toBe("loading");
});
