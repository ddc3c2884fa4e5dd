import type { Browser, BrowserContext, HTTPRequest, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createBareAuth, status } from "../support/bare-page.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser, openTab } from "../support/browser.ts";
import { startHostileProvider, type HostileProvider } from "../support/hostile-provider.ts";
import { until } from "../support/until.ts";

/** Logouts at an unreachable provider: their result, the stored data, and how soon the next login leaves. */

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
beforeEach(async () => {
  context = await browser.createBrowserContext();
});
afterEach(async () => {
  provider.behaviours.clear();
  provider.requests.length = 0;
  provider.refreshTokens.clear();
  await context.close();
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), provider?.close()]);
});

/** Opens a tab. Tests log in with the first one. */
async function open(): Promise<Page> {
  const { page } = await openTab(context, `${site.origin}/bare/`);
  await createBareAuth(page, provider.issuer);
  return page;
}

async function login(page: Page): Promise<void> {
  const back = page.waitForNavigation({
    waitUntil: "load",
    timeout: 20_000,
  });
  await page.evaluate(() => void window.auth.login().catch(() => {}));
  await back;
  await createBareAuth(page, provider.issuer);
  await status(page, "authenticated");
}

/** How long a login takes to reach the provider. Milliseconds. */
async function timeToAuthorize(page: Page): Promise<number> {
  const seen = provider.count("GET /authorize");
  const begun = Date.now();
  await page.evaluate(() => void window.auth.login().catch(() => {}));
  await until("a login", () => provider.count("GET /authorize") > seen);
  return provider.requests.findLast(({ what }) => what === "GET /authorize")!.at - begun;
}

function logout(page: Page): Promise<{ server: string; code?: string }> {
  return page.evaluate(async () => {
    const { server, error } = await window.auth.logout({ endSession: "none" });
    return { server, ...(error && { code: error.code }) };
  });
}

/** Everything that is stored for this origin. */
function stored(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const opening = indexedDB.open("latchkey");
    await new Promise((resolve) => (opening.onsuccess = resolve));
    const entries = opening.result.transaction("entries/2").objectStore("entries/2").getAll();
    await new Promise((resolve) => (entries.onsuccess = resolve));
    opening.result.close();
    return JSON.stringify(entries.result);
  });
}

/** Deletes all entries but sessions and users, such as metadata, while no `Auth` runs, and loads the page again. */
async function withoutMetadata(page: Page): Promise<void> {
  await page.goto(`${site.origin}/pause`);
  await page.evaluate(async () => {
    const opening = indexedDB.open("latchkey");
    await new Promise((resolve) => (opening.onsuccess = resolve));
    const entries = opening.result.transaction("entries/2", "readwrite").objectStore("entries/2");
    const keys = entries.getAllKeys();
    await new Promise((resolve) => (keys.onsuccess = resolve));
    for (const key of keys.result) {
      if (!/^"(session|users|default)\//.test(JSON.stringify(key))) entries.delete(key);
    }
    opening.result.close();
  });
  await page.goto(`${site.origin}/bare/`);
  await createBareAuth(page, provider.issuer);
  await status(page, "authenticated");
}

describe("while the revocation endpoint hangs", () => {
  test("A11: the next login of the tab, and one of another tab, reach the provider within two seconds", async () => {
    const page = await open();
    await login(page);
    const other = await open();
    provider.behaviours.set("/revoke", () => "hang");
    void logout(page).catch(() => {});
    await until("a revocation", () => provider.count("POST /revoke") === 1);
    await status(other, "anonymous");
    expect(await timeToAuthorize(other)).toBeLessThan(2_000);
    await login(page);
    void logout(page).catch(() => {});
    await until("another one", () => provider.count("POST /revoke") === 2);
    expect(await timeToAuthorize(page)).toBeLessThan(2_000);
  });
});

test("C16: a revocation whose response the browser withholds is sent once, also by a second logout", async () => {
  const page = await open();
  await login(page);
  const headers = { "Access-Control-Allow-Origin": "https://other.example" };
  provider.behaviours.set("/revoke", (_, good) => ({ ...good, headers }));
  expect(await logout(page)).toEqual({ server: "not_told", code: "network" });
  // Longer than the lock is held and the first pause lasts.
  await new Promise((resolve) => setTimeout(resolve, 4_500));
  expect(await logout(page)).toEqual({ server: "not_told", code: "network" });
  expect(provider.count("POST /revoke")).toBe(1);
  expect(provider.refreshTokens.size).toBe(0);
});

describe("a logout", () => {
  const LOST_PARTS = ["/server-logout-", "/logout-"];

  test.for(LOST_PARTS)(
    "B5: returns not_told when the chunk %s cannot be loaded, and deletes the session",
    async (chunk) => {
      const page = await open();
      await login(page);
      const blocked: string[] = [];
      await page.setRequestInterception(true);
      page.on("request", (request: HTTPRequest) => {
        const isLost = request.url().includes(chunk);
        if (isLost) blocked.push(request.url());
        void (isLost ? request.abort() : request.continue());
      });
      expect(await logout(page)).toEqual({ server: "not_told", code: "network" });
      expect(blocked.length).toBeGreaterThan(0);
      await status(page, "anonymous");
      expect(await stored(page)).not.toMatch(/"(refreshToken|idToken|accessToken)"/);
      expect(provider.count("POST /revoke")).toBe(0);
    },
  );

  test("B5: returns not_told when the metadata request returns 503, and a second logout tells the server", async () => {
    const page = await open();
    await login(page);
    provider.behaviours.set("/.well-known/openid-configuration", () => ({ status: 503 }));
    await withoutMetadata(page);
    const result = await page.evaluate(() => window.auth.logout());
    expect(result).toMatchObject({ server: "not_told", error: { code: "discovery", status: 503 } });
    await status(page, "anonymous");
    expect(await stored(page)).not.toMatch(/"(refreshToken|idToken|accessToken)"/);
    provider.behaviours.clear();
    const navigation = page.waitForNavigation();
    await page.evaluate(() => void window.auth.logout());
    await navigation;
    expect(page.url()).toContain(`${provider.issuer}/logout`);
    expect(provider.count("POST /revoke")).toBe(1);
    expect(provider.refreshTokens.size).toBe(0);
  });
});
