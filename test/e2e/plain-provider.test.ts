import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { CreateAuthConfig } from "../../src/index.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser, openTab } from "../support/browser.ts";
import { moveClock } from "../support/page-clock.ts";
import { logInAt, startPlainProvider, type PlainProvider } from "../support/plain-provider.ts";

/** An app with an issuer, a client id and a redirect URI, and an `oidc-provider` as it comes. */

const HOUR = 3_600_000;
let site: BareSite;
let provider: PlainProvider;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  [site, browser] = await Promise.all([startBareSite(), launchBrowser()]);
  provider = await startPlainProvider(site.origin, ["/bare/", "/bare/relay.html"]);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), provider?.close()]);
});
beforeEach(async () => {
  provider.requests.length = 0;
  context = await browser.createBrowserContext();
  ({ page } = await openTab(context));
});
afterEach(() => context.close());

/** Opens a page of the app, which creates its `Auth` at each load. */
async function open(path: string, more: Partial<CreateAuthConfig> = {}): Promise<void> {
  await page.evaluateOnNewDocument(
    (issuer, more) => {
      window.atLoad = () => {
        if (location.origin === issuer) return;
        const config = { issuer, clientId: "web", redirectUri: "/bare/", onReturn: undefined };
        window.auth = window.latchkey.createAuth({ ...config, ...more });
      };
    },
    provider.issuer,
    more,
  );
  await page.goto(site.origin + path);
}

const stateOf = () => page.evaluate(() => window.auth.state);
const until = (status: string) =>
  page.waitForFunction((status) => window.auth?.state.status === status, { polling: 50 }, status);

async function logIn(user: string): Promise<void> {
  await until("anonymous");
  await Promise.all([
    page.waitForNavigation(),
    page.evaluate(() => void window.auth.login().catch(() => {})),
  ]);
  await logInAt(page, provider.issuer, user);
  await until("authenticated");
}

test("a login ends on the page on which it began, with query and fragment", async () => {
  await open("/bare/?order=7#total");
  await logIn("ada");
  await page.waitForFunction(() => location.search === "?order=7");
  expect(page.url()).toBe(`${site.origin}/bare/?order=7#total`);
  await until("authenticated");
  expect(await page.evaluate(() => window.auth.getToken())).toMatch(/^\S{20,}$/);
});

test("a login that getToken() starts ends there, too", async () => {
  await open("/bare/?order=8");
  await until("anonymous");
  await Promise.all([
    page.waitForNavigation(),
    page.evaluate(() => void window.auth.getToken().catch(() => {})),
  ]);
  await logInAt(page, provider.issuer, "ada");
  await page.waitForFunction(() => location.search === "?order=8");
  await until("authenticated");
});

test("a refused login ends there, and the state has the server's words", async () => {
  await open("/bare/?order=9");
  await until("anonymous");
  await Promise.all([
    page.waitForNavigation(),
    page.evaluate(() => void window.auth.login().catch(() => {})),
  ]);
  await page.waitForSelector('a[href*="abort"]');
  await Promise.all([page.waitForNavigation(), page.click('a[href*="abort"]')]);
  await page.waitForFunction(() => location.search === "?order=9");
  await page.waitForFunction(() => {
    const { state } = window.auth ?? {};
    return state?.status === "anonymous" && state.reason === "login_failed";
  });
  expect(await stateOf()).toMatchObject({
    error: { code: "authorization", error: "access_denied" },
  });
});

test("the names that the ID token lacks come from userinfo, also for the account picker", async () => {
  await open("/bare/");
  await logIn("grace");
  await page.waitForFunction(() => {
    const { state } = window.auth;
    return state.status === "authenticated" && state.user.name === "grace Lovelace";
  });
  expect(await page.evaluate(() => window.auth.users())).toMatchObject([
    { sub: "grace", name: "grace Lovelace", email: "grace@example.com" },
  ]);
  await page.reload();
  await until("authenticated");
  expect(await stateOf()).toMatchObject({ user: { name: "grace Lovelace" } });
  expect(provider.requests.filter((line) => line === "GET /me")).toHaveLength(1);
});

describe("without a refresh token", () => {
  test("the state says so at once, and the session expires with its token", async () => {
    await open("/bare/");
    await logIn("ada");
    expect(await stateOf()).toMatchObject({ token: { isRenewable: false } });
    await moveClock(page, 2 * HOUR);
    await page.reload();
    await until("expired");
    expect(await stateOf()).toMatchObject({ reason: "not_renewable", user: { sub: "ada" } });
    const message = await page.evaluate(() =>
      window.auth.getToken({ prompt: "none" }).catch((error: Error) => error.message),
    );
    expect(message).toMatch(/offline_access.*prompt: "consent"/);
  });

  test('loginOptions: { prompt: "consent" } brings one, also for a login of getToken()', async () => {
    await open("/bare/", { loginOptions: { prompt: "consent" } });
    await until("anonymous");
    await Promise.all([
      page.waitForNavigation(),
      page.evaluate(() => void window.auth.getToken().catch(() => {})),
    ]);
    await logInAt(page, provider.issuer, "ada");
    await until("authenticated");
    expect(await stateOf()).toMatchObject({ token: { isRenewable: true } });
    const first = await page.evaluate(() => window.auth.getToken());
    const second = await page.evaluate(() => window.auth.getToken({ cache: "reload" }));
    expect(second).not.toBe(first);
    expect(await stateOf()).toMatchObject({ status: "authenticated", reason: "refreshed" });
  });
});

test("a logout ends the session in the tab and at the server", async () => {
  await open("/bare/");
  await logIn("ada");
  await Promise.all([page.waitForNavigation(), page.evaluate(() => void window.auth.logout())]);
  expect(page.url()).toContain(`${provider.issuer}/session/end`);
  await page.goto(`${site.origin}/bare/`);
  await until("anonymous");
  expect(await stateOf()).toMatchObject({ reason: "logged_out" });
});

describe("silentSignOn", () => {
  /** Signs Ada in at the server, and deletes everything that this browser has stored for the app. */
  const signedInAtTheServer = async () => {
    await open("/bare/");
    await logIn("ada");
    const session = await page.createCDPSession();
    const storageTypes = "indexeddb,local_storage";
    await session.send("Storage.clearDataForOrigin", { origin: site.origin, storageTypes });
    await page.evaluate(() => sessionStorage.clear());
    await page.close();
    ({ page } = await openTab(context));
  };

  /** Opens the app in the hidden frame's mode. */
  const openWithFrame = async () => {
    await page.evaluateOnNewDocument((issuer) => {
      window.atLoad = () => {
        const { createAuth, IframeUserAgent } = window.latchkey;
        const silentSignOn = new IframeUserAgent("/bare/relay.html");
        const config = { issuer, clientId: "web", redirectUri: "/bare/", onReturn: undefined };
        window.auth = createAuth({ ...config, silentSignOn });
      };
    }, provider.issuer);
    await page.goto(`${site.origin}/bare/?x=1`);
  };

  test("signs a user of the server in by one visit of the page", async () => {
    await signedInAtTheServer();
    await open("/bare/?x=1", { silentSignOn: "page" });
    await until("authenticated");
    await page.waitForFunction(() => location.search === "?x=1");
  });

  test("by the page leaves everybody else where they are, after one visit", async () => {
    await open("/bare/?x=2", { silentSignOn: "page" });
    const visits = () => provider.requests.filter((line) => line === "GET /auth");
    await vi.waitFor(() => expect(visits()).toHaveLength(1), 10_000);
    await page.waitForFunction(() => location.search === "?x=2" && window.auth);
    await until("anonymous");
    await page.reload();
    await page.waitForNetworkIdle();
    await until("anonymous");
    expect(await stateOf()).toMatchObject({ reason: "none" });
    expect(visits()).toHaveLength(1);
  });

  test("signs a user of the server in by a hidden frame, and renews the session in it", async () => {
    await signedInAtTheServer();
    await openWithFrame();
    await until("authenticated");
    expect(page.url()).toBe(`${site.origin}/bare/?x=1`);
    expect(await stateOf()).toMatchObject({ token: { isRenewable: true } });
    const first = await page.evaluate(() => window.auth.getToken());
    const second = await page.evaluate(() =>
      window.auth.getToken({ cache: "reload", prompt: "none" }),
    );
    expect(second).not.toBe(first);
    expect(await stateOf()).toMatchObject({ status: "authenticated" });
  });

  test("by a frame leaves everybody else anonymous", async () => {
    await openWithFrame();
    await until("anonymous");
    await page.waitForNetworkIdle();
    expect(await stateOf()).toMatchObject({ status: "anonymous", reason: "none" });
    expect(provider.requests).toContain("GET /auth");
  });
});
