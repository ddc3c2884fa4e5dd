import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createBareAuth, status } from "../support/bare-page.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser, openTab } from "../support/browser.ts";
import { startHostileProvider, type HostileProvider } from "../support/hostile-provider.ts";

/** How many requests a login takes, in a browser that does not know the server and in one that does. */

let site: BareSite;
let provider: HostileProvider;
let browser: Browser;

beforeAll(async () => {
  [site, provider, browser] = await Promise.all([
    startBareSite(),
    startHostileProvider(),
    launchBrowser(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), provider?.close()]);
});

/** Logs in, and returns the requests to the server beside those for userinfo and for the icon of its page. */
async function requestsOfLogin(page: Page): Promise<string[]> {
  provider.requests.length = 0;
  const back = page.waitForNavigation({ waitUntil: "load" });
  await page.evaluate(() => void window.auth.login().catch(() => {}));
  await back;
  await createBareAuth(page, provider.issuer);
  await status(page, "authenticated");
  const isCounted = (what: string) => !/userinfo|favicon/.test(what);
  return provider.requests.map(({ what }) => what).filter(isCounted);
}

test("the first login takes four requests, and a later one in another tab takes two", async () => {
  const context = await browser.createBrowserContext();
  const { page } = await openTab(context, `${site.origin}/bare/`);
  await createBareAuth(page, provider.issuer);
  expect((await requestsOfLogin(page)).sort()).toEqual([
    "GET /.well-known/openid-configuration",
    "GET /authorize",
    "GET /jwks",
    "POST /token",
  ]);
  await page.evaluate(() => window.auth.logout({ endSession: "none" }));
  const { page: other } = await openTab(context, `${site.origin}/bare/`);
  await createBareAuth(other, provider.issuer);
  expect(await requestsOfLogin(other)).toEqual(["GET /authorize", "POST /token"]);
  await context.close();
});
