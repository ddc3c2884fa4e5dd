import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { CreateAuthConfig } from "../../src/index.ts";
import { createBareAuth, getToken, status } from "../support/bare-page.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser, openTab } from "../support/browser.ts";
import {
  startHostileProvider,
  type Behaviour,
  type HostileProvider,
} from "../support/hostile-provider.ts";

/** A provider whose token endpoint moves from one host to another, while sessions are stored in a real browser. */

const TIMING = { backOffBaseMs: 50, drainMs: 100 };
const METADATA = "GET /.well-known/openid-configuration";
const TOKEN = "POST /token";
const DAY = 86_400_000;

let provider: HostileProvider;
let oldHost: HostileProvider;
let newHost: HostileProvider;
let site: BareSite;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  [provider, oldHost, newHost, site, browser] = await Promise.all([
    startHostileProvider(),
    startHostileProvider(),
    startHostileProvider(),
    startBareSite(),
    launchBrowser(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([provider, oldHost, newHost, site].map((server) => server?.close()));
});
beforeEach(async () => {
  // Refreshed ID tokens have the auth_time of the login.
  provider.claims = (claims) => ({ ...claims, auth_time: 1_700_000_000 });
  oldHost.behaviours.set("/token", forward);
  newHost.behaviours.set("/token", forward);
  moveTo(oldHost);
  context = await browser.createBrowserContext();
});
afterEach(async () => {
  await context.close();
});

/** A host in front of the provider's token endpoint. */
const forward: Behaviour = async ({ body }) => {
  const response = await fetch(`${provider.issuer}/token`, { method: "POST", body });
  return { status: response.status, body: (await response.json()) as object };
};
const moveTo = (host: HostileProvider) => {
  provider.metadata = (document) => ({ ...document, token_endpoint: `${host.issuer}/token` });
};
const forget = () => {
  for (const { requests } of [provider, oldHost, newHost]) requests.length = 0;
};

async function open(more: Partial<CreateAuthConfig> = {}, path = ""): Promise<Page> {
  const { page } = await openTab(context, `${site.origin}/bare/${path}`);
  await createBareAuth(page, provider.issuer, TIMING, more);
  return page;
}

async function signIn(more: Partial<CreateAuthConfig> = {}): Promise<Page> {
  const page = await open(more);
  await Promise.all([
    page.waitForNavigation().then(() => page.waitForFunction(() => location.pathname !== "/bare/")),
    page.evaluate(() => {
      window.auth.login().catch(() => {});
    }),
  ]);
  await createBareAuth(page, provider.issuer, TIMING, more);
  await status(page, "authenticated");
  return page;
}

/** Makes the stored metadata and keys `ms` older. Resolves to their number. */
const age = (page: Page, ms: number) =>
  page.evaluate(
    (ms) =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open("latchkey");
        opening.onerror = () => reject(opening.error!);
        opening.onsuccess = () => {
          let count = 0;
          const transaction = opening.result.transaction("entries/2", "readwrite");
          const range = IDBKeyRange.bound("document/", "document/\uffff");
          transaction.objectStore("entries/2").openCursor(range).onsuccess = ({ target }) => {
            const cursor = (target as IDBRequest<IDBCursorWithValue | null>).result;
            if (!cursor) return;
            const entry = cursor.value as { readAt: number };
            cursor.update({ ...entry, readAt: entry.readAt - ms });
            count += 1;
            cursor.continue();
          };
          transaction.oncomplete = () => {
            opening.result.close();
            resolve(count);
          };
        };
      }),
    ms,
  );

test("metadata and keys are read once for a login and the page loads after it", async () => {
  forget();
  await signIn();
  const next = await open();
  expect(await getToken(next, "reload")).toMatchObject({ token: expect.any(String) });
  expect(provider.count(METADATA)).toBe(1);
  expect(provider.count("GET /jwks")).toBe(1);
  expect(oldHost.count(TOKEN)).toBe(2);
});

test.for<[string, Behaviour]>([
  ["returns 404", () => ({ status: 404, body: { error: "not_found" } })],
  ["returns 404 with a page", () => ({ status: 404, body: "<h1>Not here</h1>" })],
  ["closes the connection", () => "cut"],
  ["serves a domain-for-sale page", () => ({ body: "<h1>Buy this domain</h1>" })],
])("A7: a refresh goes to the new host when the old one %s", async ([, behaviour]) => {
  const page = await signIn();
  moveTo(newHost);
  oldHost.behaviours.set("/token", behaviour);
  forget();
  expect(await getToken(page, "reload")).toMatchObject({ token: expect.any(String) });
  // Browsers repeat a POST by themselves when its connection closes early.
  const attempts = oldHost.count(TOKEN);
  expect(attempts).toBeLessThanOrEqual(2);
  expect(provider.count(METADATA)).toBe(1);
  expect(newHost.count(TOKEN)).toBe(1);
  expect(await getToken(page, "reload")).toMatchObject({ token: expect.any(String) });
  expect(await getToken(await open(), "reload")).toMatchObject({ token: expect.any(String) });
  expect(oldHost.count(TOKEN)).toBe(attempts);
});

test("A7: after a certificate error metadata is read again before the next send", async () => {
  const before = await signIn();
  const broken = `${oldHost.issuer.replace("http:", "https:")}/token`;
  const named = [broken, `${newHost.issuer}/token`];
  provider.metadata = (document) => ({ ...document, token_endpoint: named.shift() });
  await age(before, DAY);
  forget();
  expect(await getToken(await open(), "reload")).toMatchObject({ token: expect.any(String) });
  expect(provider.count(METADATA)).toBe(2);
  expect(oldHost.requests).toEqual([]);
  expect(newHost.count(TOKEN)).toBe(1);
});

test("A7: an old host with a new owner gets no request from a page that loads a day later, nor from an older tab", async () => {
  const before = await signIn();
  expect(await getToken(before, "reload")).toMatchObject({ token: expect.any(String) });
  moveTo(newHost);
  expect(await age(before, DAY)).toBe(2);
  forget();
  const page = await open();
  expect(await getToken(page, "reload")).toMatchObject({ token: expect.any(String) });
  // This tab is older, and has the old metadata in memory.
  expect(await getToken(before, "reload")).toMatchObject({ token: expect.any(String) });
  expect(oldHost.requests).toEqual([]);
  expect(newHost.count(TOKEN)).toBe(2);
  expect(provider.count(METADATA)).toBe(1);
});

test("A7: when endpoints.tokenEndpoint changes between two page loads, only the new one gets the refresh token", async () => {
  const endpoints = (host: HostileProvider) => ({
    authorizationEndpoint: `${provider.issuer}/authorize`,
    tokenEndpoint: `${host.issuer}/token`,
    jwksUri: `${provider.issuer}/jwks`,
  });
  await signIn({ endpoints: endpoints(oldHost) });
  forget();
  const page = await open({ endpoints: endpoints(newHost) });
  expect(await getToken(page, "reload")).toMatchObject({ token: expect.any(String) });
  expect(oldHost.requests).toEqual([]);
  expect(newHost.count(TOKEN)).toBe(1);
  expect(provider.count(METADATA)).toBe(0);
});

test("A7: five tabs read metadata once while the token endpoint is unreachable, and all get a token afterwards", async () => {
  const first = await signIn();
  const tabs = [first, ...(await Promise.all(Array.from({ length: 4 }, () => open())))];
  oldHost.behaviours.set("/token", () => "cut");
  forget();
  const tokens = Promise.all(tabs.map((tab) => getToken(tab, "reload")));
  await expect.poll(() => oldHost.count(TOKEN), { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
  expect(provider.count(METADATA)).toBe(1);
  oldHost.behaviours.set("/token", forward);
  for (const outcome of await tokens) expect(outcome).toMatchObject({ token: expect.any(String) });
  expect(provider.count(METADATA)).toBe(1);
});
