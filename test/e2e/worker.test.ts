import {
  TargetType,
  type Browser,
  type BrowserContext,
  type Page,
  type Target,
} from "puppeteer-core";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startProvider, type RunningProvider } from "../../demo/server/provider.ts";
import { BAD_WORKERS } from "../support/bad-workers.ts";
import { getToken, status } from "../support/bare-page.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser } from "../support/browser.ts";
import { expireStored, openWithWorker, signIn } from "../support/worker-page.ts";
import { until } from "../support/until.ts";

/** Refreshes that run in a shared worker, in a real browser, at a server without a reuse leeway. */

let site: BareSite;
let browser: Browser;
let provider: RunningProvider;
let context: BrowserContext;

beforeAll(async () => {
  [site, browser] = await Promise.all([startBareSite(), launchBrowser()]);
  provider = await startProvider({
    port: 0,
    origins: [site.origin],
    autoLogin: true,
    accessTokenTtlSeconds: 600,
    reuseLeewaySeconds: 0,
  });
});
afterAll(async () => {
  await browser?.close();
  await provider?.close();
  await site?.close();
});
afterEach(async () => {
  await context?.close();
  provider.tokenRequests.reset();
});

/** Opens a signed-in page whose access token has expired. `worker`: the name of the worker, or the URL of another script. */
async function expiredPage(worker: string): Promise<Page> {
  context = await browser.createBrowserContext();
  const first = await openWithWorker(context, site, provider.issuer, undefined);
  await signIn(first);
  await expireStored(first);
  const page = await openWithWorker(context, site, provider.issuer, worker);
  await first.close();
  await status(page, "authenticated");
  return page;
}

const isWorker = (target: Target) => target.type() === TargetType.SHARED_WORKER;

/** The refresh requests that the page itself sends. */
function requestsOf(page: Page): string[] {
  const sent: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/token"))
      sent.push(request.postData() ?? "");
  });
  return sent;
}

async function expectGood({ token }: { token?: string }): Promise<void> {
  expect(token).toBeDefined();
  expect(await provider.provider.AccessToken.find(token!)).toBeDefined();
}

test("the worker sends the refresh, and the page gets the token", async () => {
  const page = await expiredPage("auth");
  const own = requestsOf(page);
  await expectGood(await getToken(page));
  expect(provider.tokenRequests.refreshes).toHaveLength(1);
  expect(own).toEqual([]);
  expect(await page.evaluate(() => window.auth.state)).toMatchObject({
    status: "authenticated",
    reason: "refreshed",
    token: { origin: "worker" },
  });
});

test("two pages share the worker's refresh", async () => {
  const page = await expiredPage("auth");
  const other = await openWithWorker(context, site, provider.issuer, "auth");
  await status(other, "authenticated");
  provider.tokenRequests.failNext({ delayResponseMs: 300 });
  const tokens = await Promise.all([getToken(page), getToken(other), getToken(other)]);
  expect(new Set(tokens.map(({ token }) => token)).size).toBe(1);
  await expectGood(tokens[0]);
  expect(provider.tokenRequests.refreshes).toHaveLength(1);
});

test("a page that reloads while the worker refreshes gets the same response", async () => {
  const page = await expiredPage("auth");
  provider.tokenRequests.failNext({ delayResponseMs: 1_500 });
  await page.evaluate(() => void window.auth.getToken({ prompt: "none" }).catch(() => {}));
  await until("a response", () => provider.tokenRequests.refreshes[0]?.given !== undefined);
  await page.reload();
  await openWithWorker(page, site, provider.issuer, "auth");
  await expectGood(await getToken(page));
  expect(provider.tokenRequests.refreshes).toHaveLength(1);
});

test("the worker starts when the page is idle, without a call", async () => {
  await expiredPage("auth");
  await until("a worker", () => browser.targets().some(isWorker));
  expect(provider.tokenRequests.refreshes).toHaveLength(0);
});

test("with persist: memory no worker is started, and the page refreshes", async () => {
  context = await browser.createBrowserContext();
  const page = await openWithWorker(context, site, provider.issuer, "auth", { persist: "memory" });
  await signIn(page);
  const own = requestsOf(page);
  await expectGood(await getToken(page, "reload"));
  expect(own).toHaveLength(1);
  expect(browser.targets().filter(isWorker)).toEqual([]);
});

const bad = [
  ...Object.keys(BAD_WORKERS).map((name) => `/bare/bad-worker/${name}.js`),
  "/bare/bad-worker/missing.js",
  "data:text/javascript,onconnect = () => {}",
];

test.for(bad)("a page whose worker is %s refreshes by itself, and loses nothing", async (url) => {
  const page = await expiredPage(url);
  const own = requestsOf(page);
  await expectGood(await getToken(page));
  expect(provider.tokenRequests.refreshes).toHaveLength(1);
  expect(own).toHaveLength(1);
  await expectGood(await getToken(page, "reload"));
  expect(provider.tokenRequests.refreshes).toHaveLength(2);
});

test("a page whose worker dies in the middle of a refresh continues by itself", async () => {
  const page = await expiredPage("auth");
  // The server refuses for a moment, so that the worker dies in a pause between two requests.
  provider.tokenRequests.respondNext(503, { headers: { "Retry-After": "1" } });
  const call = getToken(page);
  await until("a refusal", () => provider.tokenRequests.refreshes.length === 1);
  await sleep(200);
  const target = browser.targets().find(isWorker)!;
  const worker = await target.worker();
  await worker!.evaluate(() => (self as unknown as { close(): void }).close());
  await expectGood(await call);
  expect(provider.tokenRequests.refreshes).toHaveLength(2);
});

test("a page with a worker is kept in the bfcache, and connects to the worker again", async () => {
  const page = await expiredPage("auth");
  const own = requestsOf(page);
  await until("a worker", () => browser.targets().some(isWorker));
  await page.evaluate(() => (window.onpageshow = () => (document.title = "shown")));
  await page.goto(`${page.url()}?away`);
  await page.goBack({ waitUntil: [] });
  await page.waitForFunction(() => document.title === "shown", { polling: 20 });
  await expectGood(await getToken(page));
  expect(own).toEqual([]);
  expect(provider.tokenRequests.refreshes).toHaveLength(1);
});
