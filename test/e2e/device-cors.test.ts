import type { ServerResponse } from "node:http";
import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { handle, listenOnLoopback, type Loopback } from "../../demo/server/loopback.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser, openTab } from "../support/browser.ts";

/** A device authorization endpoint on another origin. Browsers reject every failure as "Failed to fetch"; Latchkey says why. */

const ANY = { "Access-Control-Allow-Origin": "*" };
const JSON_TYPE = { "Content-Type": "application/json" };

let site: BareSite;
let server: Loopback;
let browser: Browser;
let page: Page;
let requests: string[] = [];
let respondToDevice: (response: ServerResponse) => void;

const device = () =>
  JSON.stringify({
    device_code: "dc",
    user_code: "AB",
    verification_uri: `${server.origin}/activate`,
    expires_in: 60,
  });

beforeAll(async () => {
  [site, server, browser] = await Promise.all([
    startBareSite(),
    listenOnLoopback(0),
    launchBrowser(),
  ]);
  handle(server, (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (request.url === "/device") return respondToDevice(response);
    const metadata = {
      issuer: server.origin,
      authorization_endpoint: `${server.origin}/authorize`,
      token_endpoint: `${server.origin}/token`,
      jwks_uri: `${server.origin}/jwks`,
      device_authorization_endpoint: `${server.origin}/device`,
    };
    response.writeHead(200, { ...ANY, ...JSON_TYPE }).end(JSON.stringify(metadata));
  });
  ({ page } = await openTab(await browser.createBrowserContext(), `${site.origin}/bare/`));
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), server?.close()]);
});

/** Requests a device code. Resolves to the code, or to the error. */
function ask(timeoutMs = 5_000): Promise<Record<string, unknown>> {
  requests = [];
  return page.evaluate(
    async (issuer, tokenTimeoutMs) => {
      const nothing = async () => null;
      const { server } = window.latchkey.createLazyServer({
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
      });
      try {
        return { ...(await server.authorizeDevice({})) };
      } catch (error) {
        const { code, hint, retryable } = error as Record<string, unknown>;
        return { code, hint, retryable };
      }
    },
    server.origin,
    timeoutMs,
  );
}

test("an endpoint that allows this origin returns a code, with one request and no preflight", async () => {
  respondToDevice = (response) => response.writeHead(200, { ...ANY, ...JSON_TYPE }).end(device());
  expect(await ask()).toMatchObject({ deviceCode: "dc", userCode: "AB" });
  expect(requests.filter((request) => request.endsWith("/device"))).toEqual(["POST /device"]);
});

test("an endpoint that does not allow this origin is named in the hint", async () => {
  respondToDevice = (response) => response.writeHead(200, JSON_TYPE).end(device());
  expect(await ask()).toEqual({
    code: "network",
    hint: expect.stringContaining(
      "the device authorization endpoint does not allow this origin (CORS)",
    ),
    retryable: true,
  });
});

test("an unreachable endpoint gets no CORS hint", async () => {
  respondToDevice = (response) => response.socket?.destroy();
  const error = await ask();
  expect(error).toMatchObject({ code: "network", retryable: true });
  expect(error["hint"]).not.toContain("does not allow");
});

test("an endpoint that does not respond in time gets no CORS hint", async () => {
  respondToDevice = (response) => void setTimeout(() => response.end(), 5_000).unref();
  const error = await ask(300);
  expect(error).toMatchObject({ code: "network", retryable: true });
  expect(error["hint"]).not.toContain("does not allow");
  expect(requests).not.toContain("GET /device");
});
