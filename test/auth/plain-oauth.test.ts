import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/browser/page/system-clock.ts";
import { createLazyServer } from "../../src/compose/lazy-server.ts";
import { userinfoFetcher } from "../../src/auth/users/userinfo-fetcher.ts";
import {
  endpointsOf,
  githubUser,
  startGitHubLike,
  type GitHubLike,
} from "../support/github-like.ts";
import { testRequests } from "../oidc/support.ts";
import { nodeBrowser } from "../support/node-browser.ts";

/** The server is not an OpenID provider: the endpoints are configured, and a user fetcher returns the user. */

const REDIRECT_URI = "http://localhost:5999/callback";

let server: GitHubLike;
beforeEach(async () => {
  server = await startGitHubLike(REDIRECT_URI);
});
afterEach(async () => {
  await server.close();
});

function browser(schema = githubUser, scope = ["read:user", "repo"]) {
  return nodeBrowser({
    issuer: server.origin,
    clientId: server.clientId,
    redirectUri: REDIRECT_URI,
    endpoints: endpointsOf(server),
    scope,
    userFetcher: (server) => userinfoFetcher(server, { schema }),
  });
}

/** Starts a login, and returns its response URL before any code has handled the response. */
async function respondedTo(auth: ReturnType<ReturnType<typeof browser>["tab"]>): Promise<string> {
  let response = "";
  const roundTrip = {
    redirectUri: REDIRECT_URI,
    navigate: async (url: string) => {
      const { headers } = await fetch(url, { redirect: "manual" });
      response = headers.get("location")!;
      throw new Error("the page was unloaded");
    },
    close: () => {},
  };
  await auth.login({ userAgent: { open: () => roundTrip } }).catch(() => {});
  return response;
}

/** Starts a login, and returns its authorization request. */
async function requestOf(auth: ReturnType<ReturnType<typeof browser>["tab"]>): Promise<string> {
  let asked = "";
  const navigate = async (url: string) => {
    asked = url;
    throw new Error("that is all");
  };
  const roundTrip = { redirectUri: REDIRECT_URI, navigate, close: () => {} };
  await auth.login({ userAgent: { open: () => roundTrip } }).catch(() => {});
  return asked;
}

describe("a login", () => {
  test("has a token that the API accepts and the user that the API returns, and requests no metadata", async () => {
    const { tab, users } = browser();
    const auth = tab();
    expect(await auth.login()).toEqual({
      sub: "583231",
      name: "The Octocat",
      claims: { sub: "583231", name: "The Octocat" },
    });
    expect(server.tokens).toContain(await auth.getToken({ prompt: "none" }));
    expect(auth.state).toMatchObject({
      status: "authenticated",
      user: { sub: "583231" },
      token: { scope: ["read:user", "repo"] },
    });
    expect(server.requests).toEqual([
      "GET /login/oauth/authorize",
      "POST /login/oauth/access_token",
      "GET /user",
    ]);
    expect(await users.getActive()).toMatchObject({ sub: "583231", row: { renewable: true } });
  });

  test("sends neither the scope openid nor a nonce, and uses PKCE", async () => {
    const query = new URL(await requestOf(browser().tab())).searchParams;
    expect(query.get("scope")).toBe("read:user repo");
    expect(query.has("nonce")).toBe(false);
    expect(query.get("code_challenge_method")).toBe("S256");
  });

  test("sends one scope with commas as it is, for a server that wants commas, and has the granted scopes", async () => {
    const { tab } = browser(githubUser, ["read:user,repo"]);
    const auth = tab();
    expect(new URL(await requestOf(auth)).searchParams.get("scope")).toBe("read:user,repo");
    await auth.login();
    expect(auth.state).toMatchObject({ token: { scope: ["read:user", "repo"] } });
    const token = await auth.getToken({ prompt: "none" });
    expect(await auth.getToken({ prompt: "none", scope: ["repo"] })).toBe(token);
    const after = await auth.getToken({ prompt: "none", cache: "reload" });
    expect(server.tokens).toContain(after);
    expect(auth.state).toMatchObject({ token: { scope: ["read:user", "repo"] } });
  });

  test("is remembered and refreshed for the same user, without a second request for the user", async () => {
    const { tab } = browser();
    const [auth, other] = [tab(), tab()];
    await auth.login();
    const before = await auth.getToken({ prompt: "none" });
    const after = await auth.getToken({ prompt: "none", cache: "reload" });
    expect(after).not.toBe(before);
    expect(await other.getToken({ prompt: "none" })).toBe(after);
    expect(await other.getUser()).toMatchObject({ sub: "583231" });
    expect(server.requests.filter((line) => line === "GET /user")).toHaveLength(1);
  });

  test("gets a token that is valid for more than a year without expires_in and a refresh token", async () => {
    server.expiresIn = undefined;
    const { tab, users } = browser();
    const auth = tab();
    await auth.login();
    expect(server.tokens).toContain(await auth.getToken({ prompt: "none" }));
    expect((await users.getActive()).row).toMatchObject({ renewable: false });
    const { state } = auth;
    expect(state.status === "authenticated" && state.token.expiresAt).toBeGreaterThan(
      Date.now() + 365 * 86_400_000,
    );
  });
});

test("a device gets authorization_pending, also with status 200, until a user has entered its code", async () => {
  const { server: lazyServer } = createLazyServer({
    issuer: server.origin,
    clientId: server.clientId,
    endpoints: endpointsOf(server),
    requests: testRequests(),
    clock: systemClock,
  });
  const { deviceCode, userCode, intervalMs } = await lazyServer.authorizeDevice({
    scope: ["repo"],
  });
  expect(intervalMs).toBe(5_000);
  const poll = () =>
    lazyServer.requestTokens({
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      device_code: deviceCode,
    });
  await expect(poll()).rejects.toMatchObject({
    code: "request_token",
    error: "authorization_pending",
  });
  server.approve(userCode);
  const tokens = await poll();
  expect(tokens.scope).toEqual(["repo"]);
  expect(await userinfoFetcher(lazyServer, { schema: githubUser }).fetchUser(tokens)).toMatchObject(
    {
      sub: "583231",
    },
  );
});

describe("a login that fails", () => {
  test("because its code was used rejects with the server's error, also with status 200", async () => {
    const auth = browser().tab();
    const response = new URL(await respondedTo(auth));
    response.searchParams.set("code", "used");
    await expect(auth.handleCallback(response.href)).rejects.toMatchObject({
      code: "request_token",
      error: "bad_verification_code",
    });
    expect(auth.state).toMatchObject({ status: "anonymous" });
  });

  test("because the schema does not fit logs no user in", async () => {
    const validate = () => ({ issues: [{ message: "no" }] });
    const { tab, users } = browser({ "~standard": { version: 1, vendor: "test", validate } });
    await expect(tab().login()).rejects.toMatchObject({ code: "user_fetch", isFinal: false });
    expect(await users.getActive()).toEqual({});
  });

  test.for([401, 403])("because the API refuses the token with %s is final", async (status) => {
    const auth = browser().tab();
    server.failUser = status;
    await expect(auth.login()).rejects.toMatchObject({
      code: "user_fetch",
      isFinal: true,
      status,
    });
    expect(auth.state).toMatchObject({ status: "anonymous", error: { code: "user_fetch" } });
  });
});

test("a login succeeds although the API is down for a moment", async () => {
  const auth = browser().tab();
  const response = await respondedTo(auth);
  server.failUser = 502;
  expect((await auth.handleCallback(response))?.user).toMatchObject({ sub: "583231" });
  expect(server.tokens).toContain(await auth.getToken({ prompt: "none" }));
  const exchanges = server.requests.filter((line) => line.startsWith("POST"));
  expect(exchanges).toHaveLength(1);
});
