import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launchBrowser, openTab } from "../support/browser.ts";
import { logInAt, startPlainProvider, type PlainProvider } from "../support/plain-provider.ts";
import { startRouterSite } from "../support/router-site.ts";

/** The way back from a login, in apps with real routers and `onReturn`. */

const DEEP_LINK = "orders?page=2#total";
const ROUTERS = ["react", "vue", "tanstack"] as const;

let site: Awaited<ReturnType<typeof startRouterSite>>;
let provider: PlainProvider;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  [site, browser] = await Promise.all([startRouterSite(), launchBrowser()]);
  provider = await startPlainProvider(
    site.origin,
    ROUTERS.map((name) => `/${name}/callback`),
  );
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), provider?.close()]);
});
beforeEach(async () => {
  context = await browser.createBrowserContext();
  ({ page } = await openTab(context));
  await page.evaluateOnNewDocument((issuer) => void (window.issuer = issuer), provider.issuer);
});
afterEach(() => context.close());

const until = (status: string) =>
  page.waitForFunction((status) => window.auth?.state.status === status, { polling: 50 }, status);

const untilPath = (path: string) =>
  page.waitForFunction(
    (path) => location.pathname + location.search + location.hash === path,
    { polling: 50 },
    path,
  );

/** Waits until the URL is the deep link, and the router shows its page. */
const untilDeepLink = async (router: string) => {
  await untilPath(`/${router}/${DEEP_LINK}`);
  await page.waitForFunction(() => document.querySelector("h1")?.textContent === "orders", {
    polling: 50,
  });
};

/** Removes what this browser has stored for the app. The user stays signed in at the server. */
const forget = async () => {
  const session = await page.createCDPSession();
  const storageTypes = "indexeddb,local_storage";
  await session.send("Storage.clearDataForOrigin", { origin: site.origin, storageTypes });
  await page.evaluate(() => sessionStorage.clear());
};

const STARTS: Readonly<Record<string, () => Promise<unknown>>> = {
  "getToken()": () => page.evaluate(() => void window.auth.getToken().catch(() => {})),
  "login()": () => page.evaluate(() => void window.auth.login().catch(() => {})),
  "<latchkey-button>": () => page.click("latchkey-button >>> button"),
  RequireAuth: () => page.click("#app button"),
};

describe.for(ROUTERS)("from a deep link with the router of %s", (router) => {
  const starts = Object.entries(STARTS).filter(
    ([name]) => name !== "RequireAuth" || router !== "vue",
  );

  test.for(starts)("a login by %s ends on the deep link", async ([, start]) => {
    await page.goto(`${site.origin}/${router}/${DEEP_LINK}`);
    await until("anonymous");
    await Promise.all([page.waitForNavigation(), start()]);
    await logInAt(page, provider.issuer, "ada");
    await until("authenticated");
    await untilDeepLink(router);
  });

  test("a login without a server page adds one entry; Back leads to the page before the login", async () => {
    await page.goto(`${site.origin}/${router}/${DEEP_LINK}`);
    await until("anonymous");
    await Promise.all([page.waitForNavigation(), STARTS["login()"]!()]);
    await logInAt(page, provider.issuer, "ada");
    await untilDeepLink(router);
    await forget();

    ({ page } = await openTab(context));
    await page.evaluateOnNewDocument((issuer) => void (window.issuer = issuer), provider.issuer);
    await page.goto(`${site.origin}/${router}/start`);
    await until("anonymous");
    await page.evaluate((path) => void window.app.push(path), `/${router}/${DEEP_LINK}`);
    await untilPath(`/${router}/${DEEP_LINK}`);
    const before = await page.evaluate(() => history.length);
    await Promise.all([page.waitForNavigation(), STARTS["<latchkey-button>"]!()]);
    await until("authenticated");
    await untilDeepLink(router);
    expect(await page.evaluate(() => history.length)).toBe(before + 1);
    await page.goBack();
    await untilDeepLink(router);
    await until("authenticated");
    await page.goBack();
    await untilPath(`/${router}/start`);
  });
});
