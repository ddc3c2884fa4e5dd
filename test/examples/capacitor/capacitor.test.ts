import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launchBrowser, openTab } from "../../support/browser.ts";
import { startHostileProvider, type HostileProvider } from "../../support/hostile-provider.ts";
import { responseTo, serveExample, settled, type ExampleSite } from "../example-site.ts";

/** The user agent for Capacitor in a real page, with stubs of the plugins. The page has the origin of an Android app. */

let site: ExampleSite;
let browser: Browser;
let provider: HostileProvider;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  [site, browser] = await Promise.all([serveExample("capacitor"), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});
beforeEach(async () => {
  provider = await startHostileProvider();
  context = await browser.createBrowserContext();
  ({ page } = await openTab(context, `${site.origin}/capacitor/?order=7`));
});
afterEach(async () => {
  await context.close();
  await provider.close();
});

const start = (launchUrl?: string) =>
  page.evaluate(
    (issuer, launchUrl) => window.startApp(issuer, launchUrl),
    provider.issuer,
    launchUrl,
  );
/** Waits until the browser of the system shows the next page, and returns the URL of that page. */
async function visited(nth = 1): Promise<string> {
  await page.waitForFunction((nth) => window.plugins.visited.length === nth, { polling: 20 }, nth);
  return page.evaluate(() => window.plugins.visited.at(-1)!);
}
const openApp = (url: string) => page.evaluate((url) => window.plugins.openApp(url), url);
const finish = () => page.evaluate(() => window.plugins.finish());
/** Calls a method and does not wait. `outcome()` returns its result, or the code of its error. */
const begin = (method: "login" | "getToken" | "logout") => settled(page, method);
const plugins = () =>
  page.evaluate(() => ({
    listeners: window.plugins.listeners,
    isBrowserOpen: window.plugins.isBrowserOpen,
  }));
const CLOSED = { listeners: 0, isBrowserOpen: false };
const status = () => page.evaluate(() => window.auth.state.status);

async function logIn(nth = 1): Promise<void> {
  const outcome = await begin("login");
  await openApp(await responseTo(await visited(nth)));
  expect(await outcome()).toMatchObject({ sub: "ada" });
}

test("a login shows the login page in the browser of the system, and the page stays", async () => {
  await start();
  const outcome = await begin("login");
  const url = new URL(await visited());
  expect(url.searchParams.get("redirect_uri")).toBe("com.example.app:/cb");
  expect(await status()).toBe("authenticating");
  const response = await responseTo(url.href);
  expect(response).toMatch(/^com\.example\.app:\/cb\?/);
  await openApp(response);
  expect(await outcome()).toMatchObject({ sub: "ada" });
  expect(await status()).toBe("authenticated");
  expect(await plugins()).toEqual(CLOSED);
  expect(page.url()).toBe(`${site.origin}/capacitor/?order=7`);
});

test("getToken() starts the login by itself, and a reload needs none", async () => {
  await start();
  const outcome = await begin("getToken");
  await openApp(await responseTo(await visited()));
  const token = await outcome();
  expect(token).toMatch(/^at-/);
  await page.reload();
  await start();
  expect(await page.evaluate(() => window.auth.getToken())).toBe(token);
  expect(await page.evaluate(() => window.plugins.visited)).toEqual([]);
});

describe("a cancelled login", () => {
  test("ends when the user closes the browser, and getToken() starts no other login", async () => {
    await start();
    const outcome = await begin("getToken");
    await visited();
    await finish();
    expect(await outcome()).toBe("cancelled");
    expect(await plugins()).toEqual(CLOSED);
    expect(await (await begin("getToken"))()).toBe("no_token");
    expect(await page.evaluate(() => window.plugins.visited.length)).toBe(1);
    await logIn(2);
  });

  test("whose response arrives late does not disturb the next login", async () => {
    await start();
    const outcome = await begin("login");
    const late = await responseTo(await visited());
    await finish();
    expect(await outcome()).toBe("cancelled");
    await openApp(late);
    await logIn(2);
    expect(await plugins()).toEqual(CLOSED);
  });

  test("is none if the browser closes just before the response arrives", async () => {
    await start();
    const outcome = await begin("login");
    const response = await responseTo(await visited());
    await page.evaluate((response) => {
      window.plugins.finish();
      window.plugins.openApp(response);
    }, response);
    expect(await outcome()).toMatchObject({ sub: "ada" });
  });

  test("closes the browser when the app aborts the login", async () => {
    await start();
    await page.evaluate(() => {
      const stop = new AbortController();
      Object.assign(window, { stop });
      void window.auth.login({ signal: stop.signal }).catch(() => {});
    });
    await visited();
    await page.evaluate(() => (window as unknown as { stop: AbortController }).stop.abort());
    await page.waitForFunction(() => window.plugins.listeners === 0, { polling: 20 });
    expect(await plugins()).toEqual(CLOSED);
  });
});

test("two logins in a row, with a logout between them that the browser of the system shows", async () => {
  provider.behaviours.set("/logout", ({ query }) => ({
    status: 302,
    headers: {
      Location: `${query.get("post_logout_redirect_uri")}?state=${query.get("state")}`,
    },
  }));
  await start();
  await logIn();
  const outcome = await begin("logout");
  const end = await visited(2);
  expect(new URL(end).searchParams.get("post_logout_redirect_uri")).toBe(
    "com.example.app:/signed-out",
  );
  await openApp(await responseTo(end));
  expect(await outcome()).toEqual({ server: "told" });
  expect(provider.count("POST /revoke")).toBe(1);
  expect(await status()).toBe("anonymous");
  expect(await plugins()).toEqual(CLOSED);
  expect(page.url()).toBe(`${site.origin}/capacitor/?order=7`);
  await logIn(3);
});

test("a login continues in the app that the system starts again, once", async () => {
  await start();
  await begin("login");
  const response = await responseTo(await visited());
  // The process ends, and with it the session storage.
  await page.evaluate(() => sessionStorage.clear());
  await page.goto(`${site.origin}/capacitor/`);
  expect(await start(response)).toBe("/capacitor/?order=7");
  expect(await status()).toBe("authenticated");
  expect(await page.evaluate(() => window.auth.getToken())).toMatch(/^at-/);

  const outcome = await begin("logout");
  await visited();
  await finish();
  expect(await outcome()).toEqual({ server: "told" });
  await page.reload();
  expect(await start(response)).toBeUndefined();
  await page.waitForFunction(() => window.auth.state.status === "anonymous", { polling: 20 });
  expect(await page.evaluate(() => window.auth.state)).toMatchObject({ reason: "logged_out" });
});

test("an app that starts with another URL starts no login", async () => {
  expect(await start("com.example.app:/orders?id=7")).toBeUndefined();
  await page.waitForFunction(() => window.auth.state.status === "anonymous", { polling: 20 });
  expect(provider.count("POST /token")).toBe(0);
});
