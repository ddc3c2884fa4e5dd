import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createBareAuth, status } from "../support/bare-page.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser, openTab } from "../support/browser.ts";
import { startHostileProvider, type HostileProvider } from "../support/hostile-provider.ts";

/** An API that refuses every token, and users who are forgotten, in tabs of a real browser that reload. */

const MINUTE_MS = 60_000;
const DAY_S = 86_400;
/** Time between two page loads. Minutes. */
const STAY_MINUTES = 6;

let site: BareSite;
let provider: HostileProvider;
let browser: Browser;
let context: BrowserContext;

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
beforeEach(async () => {
  context = await browser.createBrowserContext();
  provider.requests.length = 0;
  provider.tokens = { expires_in: DAY_S };
  const signedInAt = Math.floor(Date.now() / 1_000);
  provider.claims = (claims) => ({
    ...claims,
    exp: signedInAt + DAY_S,
    auth_time: signedInAt,
  });
});
afterEach(async () => {
  await context.close();
});

/** A tab whose clock is `?t=` milliseconds ahead, at a site whose `/api` returns 401. */
async function openLateTab(): Promise<Page> {
  const { page } = await openTab(context);
  await page.evaluateOnNewDocument(() => {
    const now = Date.now.bind(Date);
    const offset = { ms: Number(new URLSearchParams(location.search).get("t")) };
    Date.now = () => now() + offset.ms;
    Object.assign(window, { offset });
  });
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    const isApi = new URL(request.url()).pathname === "/api";
    void (isApi ? request.respond({ status: 401, body: "no" }) : request.continue());
  });
  return page;
}

async function load(page: Page, ms: number): Promise<void> {
  await page.goto(`${site.origin}/bare/?t=${ms}`);
  await createBareAuth(page, provider.issuer);
}

async function signIn(page: Page): Promise<void> {
  await load(page, 0);
  await status(page, "anonymous");
  await Promise.all([
    page.waitForFunction(() => location.pathname === "/bare/callback"),
    page.evaluate(() => void window.auth.login().catch(() => {})),
  ]);
  await createBareAuth(page, provider.issuer);
  await status(page, "authenticated");
}

/** Sets the page's clock `ms` ahead and calls the API. Returns the status. */
function callAt(page: Page, ms: number): Promise<number> {
  return page.evaluate(async (ms) => {
    Object.assign((window as unknown as { offset: object }).offset, { ms });
    return (await window.auth.fetch("/api")).status;
  }, ms);
}

test.for([1, 5])(
  "A9: an hour of page loads in %s tabs, with an API that refuses every token, takes at most 10 refreshes",
  async (count) => {
    const tabs: Page[] = [];
    for (let i = 0; i < count; i++) tabs.push(await openLateTab());
    await signIn(tabs[0]!);
    const before = provider.count("POST /token");
    for (let minute = 0; minute < 60; minute++) {
      const at = minute * MINUTE_MS;
      if (minute % STAY_MINUTES === 0) await Promise.all(tabs.map((page) => load(page, at)));
      const statuses = await Promise.all(tabs.map((page) => callAt(page, at)));
      expect(new Set(statuses)).toEqual(new Set([401]));
    }
    const refreshes = provider.count("POST /token") - before;
    expect(refreshes).toBeGreaterThan(3);
    expect(refreshes).toBeLessThanOrEqual(10);
  },
);

/** Opens a tab whose grant returns Ada's tokens from a host app. */
async function openHosted(): Promise<Page> {
  const { page } = await openTab(context, `${site.origin}/bare/`);
  await createHosted(page);
  return page;
}

function createHosted(page: Page): Promise<void> {
  return page.evaluate((issuer) => {
    window.auth = window.latchkey.createAuth({
      issuer,
      clientId: "latchkey-demo",
      redirectUri: "/bare/callback",
      grant: () => ({
        requestToken: async () => ({
          accessToken: "of ada",
          tokenType: "Bearer",
          expiresAt: Date.now() + 3_600_000,
          scope: ["openid"],
          tokenEndpoint: "",
          user: { sub: "ada", claims: { sub: "ada" } },
        }),
      }),
    });
  }, provider.issuer);
}

const token = (page: Page): Promise<string> =>
  page.evaluate(() =>
    window.auth.getToken().then(
      (token) => token,
      (error) => error.code,
    ),
  );

test("B7: a user who is forgotten in one tab is not restored by the grant of another tab, or by a reload", async () => {
  const [one, two] = [await openHosted(), await openHosted()];
  expect([await token(one), await token(two)]).toEqual(["of ada", "of ada"]);
  // The page navigates to the end-session endpoint.
  await Promise.all([
    one.waitForNavigation(),
    one.evaluate(() => void window.auth.forget("ada").catch(() => {})),
  ]);
  await status(two, "anonymous");
  await one.goto(`${site.origin}/bare/`);
  await createHosted(one);
  expect([await token(one), await token(two)]).toEqual(["no_token", "no_token"]);
  await two.reload();
  await createHosted(two);
  const three = await openHosted();
  for (const page of [two, three]) {
    await page.bringToFront();
    expect(await token(page)).toBe("no_token");
    await status(page, "anonymous");
    expect(new URL(page.url()).pathname).toBe("/bare/");
  }
  await three.evaluate(() => window.auth.login());
  expect(await token(three)).toBe("of ada");
});
