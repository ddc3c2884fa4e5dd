import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { RunningDemo } from "../../demo/server/demo.ts";
import type { CreateAuthConfig } from "../../src/index.ts";
import { askApi, createBareAuth, getToken, status } from "../support/bare-page.ts";
import { launchBrowser, openTab } from "../support/browser.ts";
import { startBuiltDemo } from "../support/demo.ts";

/** Browsers without Web Locks, and memory mode. */

let demo: RunningDemo;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  [demo, browser] = await Promise.all([startBuiltDemo({ autoLogin: true }), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await demo?.close();
});
beforeEach(async () => {
  context = await browser.createBrowserContext();
  demo.provider.tokenRequests.reset();
});
afterEach(async () => {
  await context.close();
});

async function open(
  config: Partial<CreateAuthConfig> = {},
  before: () => unknown = () => {},
): Promise<Page> {
  const { page } = await openTab(context);
  await page.evaluateOnNewDocument(before);
  await page.goto(`${demo.origin}/bare/`);
  await createBareAuth(page, demo.issuer, {}, config);
  return page;
}

async function signIn(page: Page): Promise<void> {
  await status(page, "anonymous");
  await page.evaluate(async () => {
    const userAgent = new window.latchkey.PopupUserAgent("relay.html");
    await window.auth.login({ loginHint: "ada", userAgent });
  });
}

const withoutLocks = () =>
  delete (Navigator.prototype as unknown as Record<string, unknown>)["locks"];

test("without Web Locks a login reaches every tab, and the tabs refresh once", async () => {
  const [first, second] = [await open({}, withoutLocks), await open({}, withoutLocks)];
  expect(await first.evaluate(() => "locks" in navigator)).toBe(false);
  await signIn(first);
  await status(second, "authenticated");
  const outcomes = await Promise.all([first, second].map((page) => getToken(page, "reload")));
  expect(outcomes[0]!.token).toBeDefined();
  expect(outcomes[1]!.token).toBe(outcomes[0]!.token);
  expect(await askApi(demo, outcomes[0]!.token)).toBe(200);
  expect(demo.provider.tokenRequests.refreshes).toHaveLength(1);
  await first.evaluate(() => window.auth.logout({ endSession: "none" }));
  await status(second, "anonymous");
});

const stored = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        const opening = indexedDB.open("latchkey");
        opening.onsuccess = () => {
          const all = opening.result.transaction("entries/2").objectStore("entries/2").getAll();
          all.onsuccess = () => resolve(JSON.stringify(all.result));
        };
      }),
  );

test("in memory mode no token is on the disk, a new tab gets the session from another, and the tabs refresh once", async () => {
  const persist = { persist: "memory" } as const;
  const first = await open(persist);
  await signIn(first);
  const { token } = await getToken(first);
  expect(await stored(first)).not.toContain(token);
  expect(await stored(first)).not.toMatch(/refreshToken|idToken/);
  const second = await open(persist);
  await status(second, "authenticated");
  expect(await getToken(second)).toEqual({ token });
  const renewed = await Promise.all([first, second].map((page) => getToken(page, "reload")));
  expect(renewed[1]!.token).toBe(renewed[0]!.token);
  expect(demo.provider.tokenRequests.refreshes).toHaveLength(1);
  await first.close();
  const third = await open(persist);
  await status(third, "authenticated");
  expect(await askApi(demo, (await getToken(third, "reload")).token)).toBe(200);
  await Promise.all([second.close(), third.close()]);
  const alone = await open(persist);
  await status(alone, "anonymous");
  expect(await getToken(alone)).toMatchObject({ code: "no_token" });
  await signIn(alone);
  expect(await askApi(demo, (await getToken(alone)).token)).toBe(200);
});
