import type { ServerResponse } from "node:http";
import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { handle, listenOnLoopback, type Loopback } from "../../demo/server/loopback.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser, openTab } from "../support/browser.ts";

/** Endpoints on another origin. Browsers reject every failure as "Failed to fetch"; Latchkey says why. */

const ANY = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "authorization",
};
const JSON_TYPE = { "Content-Type": "application/json" };

let site: BareSite;
let server: Loopback;
let browser: Browser;
let page: Page;
let requests: string[] = [];
/** What the server does for a path. Default: the documents below. */
let special: Record<string, (response: ServerResponse) => void> = {};

const documents = (): Record<string, unknown> => ({
  "/.well-known/openid-configuration": {
    issuer: server.origin,
    authorization_endpoint: `${server.origin}/authorize`,
    token_endpoint: `${server.origin}/token`,
    userinfo_endpoint: `${server.origin}/userinfo`,
    jwks_uri: `${server.origin}/jwks`,
    device_authorization_endpoint: `${server.origin}/device`,
    revocation_endpoint: `${server.origin}/revoke`,
  },
  "/token": { access_token: "at", token_type: "Bearer", expires_in: 60 },
  "/userinfo": { sub: "ada" },
  "/revoke": {},
  "/jwks": { keys: [] },
  "/device": {
    device_code: "dc",
    user_code: "AB",
    verification_uri: `${server.origin}/activate`,
    expires_in: 60,
  },
});

beforeAll(async () => {
  [site, server, browser] = await Promise.all([
    startBareSite(),
    listenOnLoopback(0),
    launchBrowser(),
  ]);
  handle(server, (request, response) => {
    const path = request.url ?? "";
    requests.push(`${request.method} ${path}`);
    if (special[path]) return special[path](response);
    response.writeHead(path in documents() ? 200 : 404, { ...ANY, ...JSON_TYPE });
    return response.end(JSON.stringify(documents()[path]));
  });
  ({ page } = await openTab(await browser.createBrowserContext(), `${site.origin}/bare/`));
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), server?.close()]);
});
beforeEach(() => {
  requests = [];
  special = {};
});

type Call = "authorizeDevice" | "requestTokens" | "userinfo" | "revoke" | "authorize";

/** Calls the server. Resolves to the result, or to the error. */
function ask(
  call: Call,
  issuer = server.origin,
  timeoutMs = 5_000,
): Promise<Record<string, unknown>> {
  return page.evaluate(
    async (call, issuer, tokenTimeoutMs) => {
      const nothing = async () => null;
      const { createLazyServer, diagnose } = window.latchkey;
      const { server } = createLazyServer({
        issuer,
        clientId: "tv",
        scope: [],
        requests: {
          get: nothing,
          set: async () => {},
          remove: nothing,
          getAllKeys: async () => [],
        },
        clock: {
          now: () => Date.now(),
          monotonic: () => performance.now(),
          sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        },
        tokenTimeoutMs,
        diagnose,
      });
      const calls = {
        authorizeDevice: () => server.authorizeDevice({}),
        requestTokens: () => server.requestTokens({ grant_type: "x" }),
        userinfo: () => server.userinfo("at"),
        revoke: async () => ({ result: await server.revoke("rt") }),
        authorize: async () => ({
          url: await server.authorize({ redirectUri: `${location.origin}/` }),
        }),
      };
      try {
        return { ...(await calls[call]()) };
      } catch (error) {
        const { code, message, hint, retryable } = error as Record<string, unknown>;
        return { code, message, hint, retryable };
      }
    },
    call,
    issuer,
    timeoutMs,
  );
}

const ENDPOINTS: readonly [Call, path: string, name: string][] = [
  ["authorizeDevice", "/device", "device authorization endpoint"],
  ["requestTokens", "/token", "token endpoint"],
  ["userinfo", "/userinfo", "userinfo endpoint"],
  ["revoke", "/revoke", "revocation endpoint"],
];

describe.each(ENDPOINTS)("%s with an endpoint that", (call, path, name) => {
  test("allows this origin gets the response, with one request and no preflight for a form", async () => {
    expect(await ask(call)).not.toHaveProperty("code");
    const sent = requests.filter((request) => request.endsWith(path));
    // The header with the access token needs a preflight.
    expect(sent).toEqual(
      call === "userinfo" ? [`OPTIONS ${path}`, `GET ${path}`] : [`POST ${path}`],
    );
  });

  test("C14: does not allow this origin rejects with an error that says so", async () => {
    special[path] = (response) => response.writeHead(200, JSON_TYPE).end("{}");
    expect(await ask(call)).toMatchObject({
      code: "network",
      message: expect.stringContaining(`${server.origin}${path}`),
      hint: expect.stringContaining(`the ${name} does not allow this origin (CORS)`),
      // A gateway's page for a temporary failure often has no CORS headers either.
      retryable: true,
    });
  });

  test("is unreachable rejects with an error without that hint", async () => {
    special[path] = (response) => response.socket?.destroy();
    const error = await ask(call);
    expect(error).toMatchObject({ code: "network", retryable: true });
    expect(error["hint"]).not.toContain("does not allow");
  });

  test("does not respond in time rejects with an error without that hint", async () => {
    special[path] = (response) => void setTimeout(() => response.end(), 5_000).unref();
    const error = await ask(call, server.origin, 300);
    expect(error).toMatchObject({ code: "network", retryable: true });
    expect(error["hint"]).not.toContain("does not allow");
  });
});

describe("an issuer", () => {
  test.each([
    ["without CORS at its metadata", "", JSON_TYPE],
    ["with a wrong path", "/realms/typo", {}],
  ])("C14: %s is a DiscoveryError with the URL", async (_, path, headers) => {
    const url = `${path}/.well-known/openid-configuration`;
    special[url] = (response) => response.writeHead(path ? 404 : 200, headers).end("{}");
    expect(await ask("authorize", server.origin + path)).toMatchObject({
      code: "discovery",
      message: expect.stringContaining(server.origin + url),
      hint: expect.stringMatching(/path of `issuer` is wrong.*CORS/),
      retryable: true,
    });
  });

  test("that is unreachable is a NetworkError", async () => {
    special["/.well-known/openid-configuration"] = (response) => response.socket?.destroy();
    expect(await ask("authorize")).toMatchObject({ code: "network", retryable: true });
  });
});
