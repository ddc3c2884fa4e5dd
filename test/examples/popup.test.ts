import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser, openTab } from "../support/browser.ts";
import { startHostileProvider, type HostileProvider } from "../support/hostile-provider.ts";

/** A popup as the user agent of every login, in a browser that allows popups only during a click. */

let site: BareSite;
let provider: HostileProvider;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [site, provider, browser] = await Promise.all([
    startBareSite(),
    startHostileProvider(),
    launchBrowser({ popupBlocking: true }),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), provider?.close()]);
});
beforeEach(async () => {
  provider.requests.length = 0;
  ({ page } = await openTab(await browser.createBrowserContext()));
});

/**
 * Opens the page, which calls `getToken()` six times without a click. Returns the codes of the errors. A script that Puppeteer
 * evaluates counts as a click, so the page itself reports the codes.
 */
async function polled(): Promise<readonly unknown[]> {
  const { promise, resolve } = later<readonly unknown[]>();
  await page.exposeFunction("report", resolve);
  await page.evaluateOnNewDocument((issuer) => {
    const poll = async () => {
      const codes: unknown[] = [];
      for (let poll = 0; poll < 6; poll++)
        codes.push(await window.auth.getToken().catch(({ code }: { code: unknown }) => code));
      (window as unknown as { report: (codes: unknown[]) => void }).report(codes);
    };
    window.atLoad = () => {
      if (location.origin === issuer || location.pathname !== "/bare/") return;
      const { createAuth, PopupUserAgent } = window.latchkey;
      const userAgent = new PopupUserAgent("/bare/relay.html");
      window.auth = createAuth({
        issuer,
        clientId: "latchkey-demo",
        redirectUri: "/bare/",
        userAgent,
      });
      void poll();
    };
  }, provider.issuer);
  await page.goto(`${site.origin}/bare/`);
  return promise;
}

function later<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

const BLOCKED = ["popup_blocked", ...Array.from({ length: 5 }, () => "no_token")];

test("A1: a popup that the browser blocks without a click is told once, and nothing loops", async () => {
  expect(await polled()).toEqual(BLOCKED);
  expect(await page.evaluate(() => window.auth.state)).toMatchObject({
    status: "anonymous",
    reason: "login_failed",
    error: { code: "popup_blocked" },
  });
  expect(provider.count("GET /authorize")).toBe(0);
  expect(page.url()).toBe(`${site.origin}/bare/`);
});

test("getToken() in a click logs in with the popup, also after a blocked one", async () => {
  expect(await polled()).toEqual(BLOCKED);
  await page.evaluate(() => {
    const button = document.createElement("button");
    button.textContent = "Load";
    button.onclick = () => Object.assign(window, { result: window.auth.getToken() });
    document.body.append(button);
  });
  await page.click("button");
  const result = page.evaluate(() => (window as unknown as { result: Promise<string> }).result);
  expect(await result).toMatch(/^at-/);
  const [authorize] = provider.requests.filter(({ what }) => what === "GET /authorize");
  expect(authorize!.query.get("redirect_uri")).toBe(`${site.origin}/bare/relay.html`);
  expect(page.url()).toBe(`${site.origin}/bare/`);
});
