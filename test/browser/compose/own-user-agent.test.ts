import { afterEach, describe, expect, test, vi } from "vitest";
import { resolveRedirectUri } from "../../../src/browser/user-agents/redirect-uri.ts";
import { createAuth, type CreateAuthConfig } from "../../../src/compose/create-auth.ts";
import type { Auth } from "../../../src/core/auth.ts";
import { ConfigurationError } from "../../../src/core/errors.ts";
import type { UserAgent } from "../../../src/core/user-agent.ts";

/** Redirect URIs that the page of the app cannot receive itself. */

const endpoints = {
  authorizationEndpoint: "https://id.example/authorize",
  tokenEndpoint: "https://id.example/token",
};
const user = { sub: "ada", claims: { sub: "ada" } };

let auth: Auth | undefined;
afterEach(() => {
  auth?.dispose();
  vi.restoreAllMocks();
});

function create(config: Partial<CreateAuthConfig>): Auth {
  auth = createAuth({
    issuer: "https://id.example",
    clientId: `agent-${crypto.randomUUID()}`,
    redirectUri: "/callback",
    endpoints,
    userFetcher: { fetchUser: async () => user },
    ...config,
  });
  return auth;
}

function problem(config: Partial<CreateAuthConfig>): unknown {
  try {
    create(config);
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Responds to each authorization request with a code. */
function agent(redirectUri: string) {
  const urls: URL[] = [];
  const open: UserAgent["open"] = () => ({
    redirectUri,
    close: () => {},
    navigate: async (url) => {
      urls.push(new URL(url));
      return `${redirectUri}?code=c&state=${urls.at(-1)!.searchParams.get("state")}`;
    },
  });
  return { urls, open };
}

describe("a redirect URI that this page cannot receive", () => {
  test.each([
    "com.example.app:/cb",
    "com.example.app://cb",
    "capacitor://localhost",
    "https://abcdefgh.chromiumapp.org/",
  ])("%s is refused without a userAgent, which the hint names", (redirectUri) => {
    const error = problem({ redirectUri });
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      input: "redirectUri",
      hint: expect.stringContaining("userAgent"),
    });
  });

  test('is refused with silentSignOn: "page", because the page receives that response', () => {
    const redirectUri = "com.example.app://cb";
    const error = problem({ redirectUri, userAgent: agent(redirectUri), silentSignOn: "page" });
    expect(error).toMatchObject({ code: "configuration", input: "redirectUri" });
  });

  test.each([
    "com.example.app:/cb",
    "com.example.app:///cb",
    "com.example.app://cb",
    "capacitor://localhost",
    "https://abcdefgh.chromiumapp.org/",
  ])(
    "C4: %s is sent as given in both requests of a login with a userAgent",
    async (redirectUri) => {
      const userAgent = agent(redirectUri);
      const fetch = vi
        .spyOn(globalThis, "fetch")
        .mockImplementation(async () =>
          Response.json({ access_token: "at", token_type: "Bearer", expires_in: 60 }),
        );
      const auth = create({ redirectUri, userAgent });
      expect(await auth.login()).toMatchObject({ sub: "ada" });
      expect(await auth.getToken()).toBe("at");
      expect(userAgent.urls.map(({ searchParams }) => searchParams.get("redirect_uri"))).toEqual([
        redirectUri,
      ]);
      const body = new URLSearchParams(fetch.mock.calls[0]![1]!.body as string);
      expect(body.get("redirect_uri")).toBe(redirectUri);
    },
  );
});

test("C4: an absolute URL of this page's origin stays as it is, and a path gets the origin", () => {
  expect(resolveRedirectUri(location.origin)).toBe(location.origin);
  expect(resolveRedirectUri("/callback?from=id")).toBe(`${location.origin}/callback?from=id`);
});
