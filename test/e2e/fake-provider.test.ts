import { chromium, type Browser, type BrowserContext, type Page } from "playwright";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  fakeProvider,
  playwrightRoute,
  signedInState,
  type FakeProvider,
  type FakeProviderConfig,
} from "../../src/testing.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { findBrowser } from "../support/find-browser.ts";
import { openSignedIn } from "../support/signed-in-page.ts";

/** The real `createAuth()` in Chromium, and the fake provider behind routes of Playwright. No server listens at the issuer. */

const ISSUER = "https://localhost:4999";
const BOB = { sub: "bob", name: "Bob", email: "bob@example.com" };
let site: BareSite;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  [site, browser] = await Promise.all([
    startBareSite(),
    findBrowser().then((executablePath) => chromium.launch({ executablePath, args })),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});
afterEach(() => context?.close());

function newProvider(more: FakeProviderConfig = {}): FakeProvider {
  return fakeProvider({
    issuer: ISSUER,
    users: [{ sub: "ada", name: "Ada", email: "ada@example.com" }, BOB],
    clients: [
      {
        clientId: "web",
        redirectUris: [`${site.origin}/bare/callback`],
        postLogoutRedirectUris: [`${site.origin}/bare/`],
      },
    ],
    ...more,
  });
}

/** Options of the `createAuth()` of a test's app. `worker`: the name of the worker. */
interface AppConfig {
  readonly issuer?: string;
  readonly scope?: readonly string[];
  readonly worker?: string;
}

/** Opens the app, which calls `createAuth()` at each load, and waits for the state. */
async function show(
  page: Page,
  path: string,
  status: string,
  config: AppConfig = {},
): Promise<void> {
  await page.addInitScript(
    ({ worker, ...config }) => {
      window.atLoad = () => {
        const { createAuth, authWorker } = window.latchkey;
        window.auth = createAuth({
          clientId: "web",
          redirectUri: "/bare/callback",
          postLogoutRedirectUri: "/bare/",
          onReturn: undefined,
          ...config,
          ...(worker !== undefined && { worker: () => authWorker(worker) }),
        });
      };
    },
    { issuer: ISSUER, ...config },
  );
  await page.goto(site.origin + path);
  await until(page, status);
}

/** Opens the app in a new browser context, in which no user is signed in. */
async function open(provider: FakeProvider, path = "/bare/"): Promise<Page> {
  context = await browser.newContext();
  await context.route(`${new URL(provider.issuer).origin}/**`, playwrightRoute(provider));
  const page = await context.newPage();
  await show(page, path, "anonymous");
  return page;
}

const until = (page: Page, status: string) =>
  page.waitForFunction((status) => window.auth?.state.status === status, status);
const token = (page: Page, cache: "default" | "reload" = "default") =>
  page.evaluate((cache) => window.auth.getToken({ prompt: "none", cache }), cache);
const logIn = (page: Page) => page.evaluate(() => void window.auth.login().catch(() => {}));
/** The grant types of all token requests. */
const grants = ({ requests }: FakeProvider) => requests.flatMap(({ grantType }) => grantType ?? []);
/** As `expect.poll()`, for a machine that is slow. */
const poll = (value: () => unknown) => expect.poll(value, { timeout: 30_000 });

/** Waits until a login has ended, and its page is back at `path`. */
async function cameBack(page: Page, provider: FakeProvider, path: string): Promise<void> {
  await poll(() => grants(provider)).toContain("authorization_code");
  await page.waitForURL(site.origin + path);
  await until(page, "authenticated");
}

describe("a login", () => {
  test("redirects to the provider and back, and a logout ends the session there", async () => {
    const provider = newProvider();
    const page = await open(provider, "/bare/orders?page=2");
    await logIn(page);
    await cameBack(page, provider, "/bare/orders?page=2");
    expect(await page.evaluate(() => window.auth.getUser())).toMatchObject({ name: "Ada" });
    const first = await token(page);
    const second = await token(page, "reload");
    expect([provider.userOf(first), provider.userOf(second)]).toEqual(["ada", "ada"]);
    expect(grants(provider)).toEqual(["authorization_code", "refresh_token"]);
    await page.evaluate(() => void window.auth.logout());
    await poll(() => provider.requests.at(-1)?.endpoint).toBe("endSession");
    await page.waitForURL((url) => url.pathname === "/bare/");
    await until(page, "anonymous");
    expect(provider.userOf(second)).toBeUndefined();
  });

  test("shows the provider's page on demand", async () => {
    const provider = newProvider({ login: "page" });
    const page = await open(provider);
    await logIn(page);
    await page.getByRole("link", { name: "Bob" }).click();
    await cameBack(page, provider, "/bare/");
    expect(provider.userOf(await token(page))).toBe("bob");
  });
});

describe("signedInState()", () => {
  async function openApp(provider: FakeProvider, config: AppConfig) {
    const { scope } = config;
    const storageState = await signedInState({
      provider,
      origin: site.origin,
      ...(scope && { scope }),
    });
    context = await browser.newContext({ storageState });
    await context.route(`${new URL(provider.issuer).origin}/**`, playwrightRoute(provider));
    // As the guide says: the routes of Playwright do not get the requests of a shared worker.
    await context.addInitScript(() => Reflect.deleteProperty(window, "SharedWorker"));
    const page = await context.newPage();
    await show(page, "/bare/", "authenticated", config);
    return page;
  }

  test.for<[string, AppConfig]>([
    ["a `worker`", { worker: "auth" }],
    ["an issuer that ends with a slash", { issuer: `${ISSUER}/` }],
  ])("starts an app with %s signed in, and the session can be refreshed", async ([, config]) => {
    const provider = newProvider(config.issuer ? { issuer: config.issuer } : {});
    const page = await openApp(provider, config);
    expect(provider.userOf(await token(page, "reload"))).toBe("ada");
    expect(grants(provider)).toEqual(["refresh_token"]);
  });

  test("starts an app with scopes of its own, which getToken() can request", async () => {
    const provider = newProvider();
    const page = await openApp(provider, { scope: ["openid", "offline_access", "orders.read"] });
    const asked = { prompt: "none", scope: ["orders.read"] } as const;
    const given = await page.evaluate((asked) => window.auth.getToken(asked), asked);
    expect(provider.userOf(given)).toBe("ada");
  });

  async function openAs(provider: FakeProvider, user: string) {
    const storageState = await signedInState({ provider, origin: site.origin, user });
    context = await browser.newContext({ storageState });
    await context.route(`${new URL(provider.issuer).origin}/**`, playwrightRoute(provider));
    const page = await context.newPage();
    await show(page, "/bare/", "authenticated");
    return { page, storageState };
  }

  test("starts the app signed in, without a request, and the session can be refreshed", async () => {
    const provider = newProvider();
    const { page } = await openAs(provider, "bob");
    const first = await token(page);
    expect(provider.userOf(first)).toBe("bob");
    expect(grants(provider)).toEqual([]);
    expect(await page.evaluate(() => window.auth.users())).toMatchObject([BOB]);
    const second = await token(page, "reload");
    expect([second === first, provider.userOf(second)]).toEqual([false, "bob"]);
    await page.reload();
    await until(page, "authenticated");
    expect(await token(page)).toBe(second);
  });

  test("has the form in which Playwright saves the state of a page", async () => {
    const { storageState } = await openAs(newProvider(), "ada");
    const { origins } = await context.storageState({ indexedDB: true });
    const saved = origins.find(({ origin }) => origin === site.origin);
    const [{ localStorage, indexedDB }] = storageState.origins as [
      (typeof storageState.origins)[0],
    ];
    const [{ stores, ...database }] = indexedDB as [(typeof indexedDB)[0]];
    const [{ records, ...store }] = stores as [(typeof stores)[0]];
    expect(saved).toMatchObject({
      localStorage,
      indexedDB: [
        { ...database, stores: [{ ...store, records: expect.arrayContaining(records) }] },
      ],
    });
  });
});

describe("a lab", () => {
  async function signedIn(more: FakeProviderConfig = {}) {
    const opened = await openSignedIn(browser, site.origin, more);
    ({ context } = opened);
    await show(opened.page, "/bare/", "authenticated");
    return { ...opened, before: await token(opened.page) };
  }

  test("expires the access token of a running page, which then refreshes", async () => {
    const { provider, page, lab, before } = await signedIn();
    await lab.expireAccessToken("ada");
    expect(provider.userOf(before)).toBeUndefined();
    await page.waitForFunction(
      () => window.auth.state.status === "authenticated" && window.auth.state.freshness === "stale",
    );
    const after = await token(page);
    expect([after === before, provider.userOf(after)]).toEqual([false, "ada"]);
    expect(grants(provider)).toEqual(["refresh_token"]);
  });

  test("expires the token that each tab has in memory: the next call refreshes", async () => {
    const { page, lab } = await signedIn({ reuseLeewayMs: 60_000 });
    const other = await context.newPage();
    await show(other, "/bare/", "authenticated");
    for (let round = 0; round < 10; round++) {
      const before = await Promise.all([token(page), token(other)]);
      expect(before[0]).toBe(before[1]);
      await lab.expireAccessToken("ada");
      expect(await token(round % 2 ? page : other)).not.toBe(before[0]);
    }
  });

  test("says when the page has no session of the user", async () => {
    const { lab } = await signedIn({ users: ["ada", "bob"] });
    await expect(lab.expireAccessToken("bob")).rejects.toMatchObject({ input: "user" });
  });

  test("cuts the network: the session is kept, and works when the network is back", async () => {
    const { provider, page, lab } = await signedIn();
    const failed: string[] = [];
    page.on("requestfailed", (request) => failed.push(request.url()));
    lab.cutNetwork();
    // The page may send at once, so the listener above comes first.
    await lab.expireAccessToken("ada");
    await page.evaluate(() => void window.auth.getToken({ prompt: "none" }).catch(() => {}));
    await poll(() => failed.filter((url) => url.startsWith(provider.issuer))).not.toEqual([]);
    expect(provider.requests).toEqual([]);
    expect(await page.evaluate(() => window.auth.state.status)).toBe("authenticated");
    lab.restoreNetwork();
    await poll(async () => provider.userOf(await token(page).catch(() => ""))).toBe("ada");
  });

  test("delays a response and loses a response", async () => {
    const { provider, page, lab, before } = await signedIn({ reuseLeewayMs: 60_000 });
    lab.delayNext(300);
    const started = performance.now();
    expect(await token(page, "reload")).not.toBe(before);
    expect(performance.now() - started).toBeGreaterThan(290);
    lab.loseNext();
    expect(provider.userOf(await token(page, "reload"))).toBe("ada");
    expect(grants(provider)).toEqual(["refresh_token", "refresh_token", "refresh_token"]);
  });
});
