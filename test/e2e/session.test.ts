import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { RunningDemo } from "../../demo/server/demo.ts";
import { askApi, createBareAuth, expireToken, getToken, status } from "../support/bare-page.ts";
import { launchBrowser, openTab, type Tab } from "../support/browser.ts";
import { startBuiltDemo } from "../support/demo.ts";
import { chooseAtLogin } from "../support/login-page.ts";
import { until } from "../support/until.ts";

/** The SDK with the embedded provider, in tabs of a real browser. The page contains only the SDK. */

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
  demo.provider.setAccessTokenTtl(60);
  context = await browser.createBrowserContext();
});
afterEach(async () => {
  await context.close();
});

const bare = () => `${demo.origin}/bare/`;

/** Opens a tab in which `window.auth` is an `Auth` of the bare page. */
async function open(path = "", timing: Record<string, number> = {}): Promise<Tab> {
  const tab = await openTab(context, bare() + path);
  await create(tab.page, timing);
  return tab;
}

const create = (page: Page, timing: Record<string, number> = {}) =>
  createBareAuth(page, demo.issuer, timing);

/** Logs Ada in. The provider needs no click and redirects back to the callback page. */
async function signIn(tab: Tab, options: { returnTo?: string } = {}): Promise<void> {
  await Promise.all([
    tab.page
      .waitForNavigation({ waitUntil: "load" })
      .then(() => tab.page.waitForFunction(() => location.pathname === "/bare/callback")),
    tab.page.evaluate((options) => {
      window.auth.login({ loginHint: "ada", ...options }).catch(() => {});
    }, options),
  ]);
  await create(tab.page);
  await status(tab.page, "authenticated");
}

/** The status that the API returns for a token. */
const api = (token: string | undefined) => askApi(demo, token);

describe("a login", () => {
  test("returns from the provider with a verified user, a token that the API accepts and a clean URL", async () => {
    const tab = await open();
    await status(tab.page, "anonymous");
    await signIn(tab);
    const user = await tab.page.evaluate(() => window.auth.getUser());
    expect(user).toMatchObject({ sub: "ada", name: "Ada Lovelace" });
    expect(await api((await getToken(tab.page)).token)).toBe(200);
    expect(tab.page.url()).toBe(`${bare()}callback`);
    expect(tab.errors).toEqual([]);
  });

  test("survives a reload without any request, and an idle page loads only code", async () => {
    const tab = await open();
    await signIn(tab);
    await tab.page.goto(bare());
    await tab.page.evaluate(() => {
      window.requestIdleCallback = (work) => {
        const deadline = { didTimeout: false, timeRemaining: () => 50 };
        addEventListener("test-idle", () => work(deadline), { once: true });
        return 1;
      };
    });
    tab.requests.reset();
    await create(tab.page);
    expect(await api((await getToken(tab.page)).token)).toBe(200);
    const requests = () => tab.requests.lines.filter((line) => !line.endsWith(".svg"));
    expect(requests()).toEqual([]);
    await tab.page.evaluate(() => dispatchEvent(new Event("test-idle")));
    await until("code for a refresh", () => requests().some((line) => line.includes("/protocol.")));
    await until("code for old responses", () => requests().some((line) => line.includes("/idle.")));
    expect(requests().filter((line) => !line.startsWith(`GET ${bare()}assets/`))).toEqual([]);
  });

  test("is available in a second tab without any request to the provider", async () => {
    await signIn(await open());
    const second = await open();
    await status(second.page, "authenticated");
    expect(await api((await getToken(second.page)).token)).toBe(200);
    expect(second.requests.to(demo.issuer)).toEqual([]);
  });

  test("reaches a tab that is open already", async () => {
    const [first, second] = [await open(), await open()];
    await status(first.page, "anonymous");
    await signIn(second);
    await status(first.page, "authenticated");
    expect(await api((await getToken(first.page)).token)).toBe(200);
  });

  test("is started by getToken() of a visible page without a session, and returns to the same URL", async () => {
    const tab = await open("?page=7");
    await Promise.all([
      tab.page.waitForNavigation(),
      tab.page.evaluate(() => {
        window.auth.getToken().catch(() => {});
      }),
    ]);
    await chooseAtLogin(tab.page, "grace");
    await tab.page.waitForFunction(() => location.pathname === "/bare/callback");
    await create(tab.page);
    const result = await tab.page.evaluate(() => window.auth.handleCallback());
    expect(result).toMatchObject({ user: { sub: "grace" }, returnTo: "/bare/?page=7" });
  });

  test("is not started by getToken() with prompt none", async () => {
    const tab = await open();
    expect(await getToken(tab.page)).toMatchObject({ code: "no_token" });
    expect(tab.page.url()).toBe(bare());
  });

  test("that the user cancels is an AuthorizationError, and the URL is clean", async () => {
    const tab = await open();
    await Promise.all([
      tab.page.waitForNavigation(),
      tab.page.evaluate(() => {
        window.auth.login().catch(() => {});
      }),
    ]);
    const cancel = await tab.page.waitForSelector("a[href$='/cancel']");
    await Promise.all([tab.page.waitForNavigation(), cancel!.click()]);
    await tab.page.waitForFunction(() => location.pathname === "/bare/callback");
    await create(tab.page);
    await status(tab.page, "anonymous");
    const error = await tab.page.evaluate(
      () => window.auth.state.status === "anonymous" && JSON.stringify(window.auth.state.error),
    );
    expect(JSON.parse(error || "{}")).toMatchObject({
      code: "authorization",
      error: "access_denied",
    });
    expect(tab.page.url()).toBe(`${bare()}callback`);
  });
});

describe("a callback", () => {
  /** Opens the callback page with a response that no `Auth` has handled yet. */
  async function arrive(): Promise<{ tab: Tab; response: string }> {
    const tab = await open();
    await Promise.all([
      tab.page
        .waitForNavigation({ waitUntil: "load" })
        .then(() => tab.page.waitForFunction(() => location.pathname === "/bare/callback")),
      tab.page.evaluate(() => {
        window.auth.login({ loginHint: "ada", returnTo: "/bare/?x=1" }).catch(() => {});
      }),
    ]);
    return { tab, response: tab.page.url() };
  }

  const summary = (page: Page, url?: string) =>
    page.evaluate(
      (url) =>
        window.auth.handleCallback(url).then(
          (result) => ({ sub: result?.user.sub, returnTo: result?.returnTo }),
          (error) => ({ code: error.code, parameter: error.parameter }),
        ),
      url,
    );

  test("handled twice in a row gives the same result and one code exchange", async () => {
    const { tab, response } = await arrive();
    const before = demo.provider.tokenRequests.count;
    await create(tab.page);
    const results = await tab.page.evaluate(async (response) => {
      const { auth } = window;
      const all = await Promise.all([
        auth.handleCallback(),
        auth.handleCallback(),
        auth.handleCallback(response),
      ]);
      return all.map((result) => ({ sub: result?.user.sub, returnTo: result?.returnTo }));
    }, response);
    const expected = { sub: "ada", returnTo: "/bare/?x=1" };
    expect(results).toEqual([expected, expected, expected]);
    expect(demo.provider.tokenRequests.count - before).toBe(1);
  });

  test("handled by two instances of one task, as in StrictMode, gives the same result", async () => {
    const { tab } = await arrive();
    const before = demo.provider.tokenRequests.count;
    const results = await tab.page.evaluate(async (issuer) => {
      const config = { issuer, clientId: "latchkey-demo", redirectUri: "/bare/callback" };
      const first = window.latchkey.createAuth(config);
      const early = first.handleCallback();
      first.dispose();
      const second = window.latchkey.createAuth(config);
      const token = second.getToken();
      const all = await Promise.all([early, second.handleCallback(), second.handleCallback()]);
      await token;
      return all.map((result) => ({ sub: result?.user.sub, returnTo: result?.returnTo }));
    }, demo.issuer);
    const expected = { sub: "ada", returnTo: "/bare/?x=1" };
    expect(results).toEqual([expected, expected, expected]);
    expect(demo.provider.tokenRequests.count - before).toBe(1);
    expect(tab.page.url()).toBe(`${bare()}callback`);
  });

  test("with a foreign state is no response of this client, ends no session and does not affect a pending login", async () => {
    const { tab, response } = await arrive();
    const forged = new URL(response);
    forged.searchParams.set("state", "someone-elses");
    await tab.page.goto(bare());
    await create(tab.page);
    expect(await summary(tab.page, forged.href)).toEqual({});
    expect(await summary(tab.page, response)).toEqual({ sub: "ada", returnTo: "/bare/?x=1" });
    expect(await summary(tab.page, forged.href.replace("someone", "somebody"))).toEqual({});
    await status(tab.page, "authenticated");
    expect(await api((await getToken(tab.page)).token)).toBe(200);
  });

  test("C1: without a state, or of another integration, is no response of this client and stays in the URL", async () => {
    const tab = await open("callback?code=ac_123&state=stripe-1#/pay?state=open");
    await status(tab.page, "anonymous");
    expect(await summary(tab.page)).toEqual({});
    expect(await summary(tab.page, `${bare()}callback?code=x`)).toEqual({});
    expect(tab.page.url()).toBe(`${bare()}callback?code=ac_123&state=stripe-1#/pay?state=open`);
  });

  test("C2, C3: of the second client of a page is left by the first one, and removed from a URL that a router has changed", async () => {
    const { tab } = await arrive();
    const result = await tab.page.evaluate(async (issuer) => {
      const config = { issuer, redirectUri: "/bare/callback" };
      const first = window.latchkey.createAuth({ ...config, clientId: "latchkey-admin" });
      await new Promise((resolve) => setTimeout(resolve, 400));
      const second = window.latchkey.createAuth({ ...config, clientId: "latchkey-demo" });
      // A router with hash history changes the URL in this way. Google adds the other parameters.
      history.replaceState(null, "", `${location.href}&authuser=0&hd=example.com&keep=1#/`);
      return {
        second: (await second.handleCallback())?.user.sub,
        first: await first.handleCallback(),
        firstState: first.state.status,
      };
    }, demo.issuer);
    expect(result).toEqual({ second: "ada", first: undefined, firstState: "anonymous" });
    expect(tab.page.url()).toBe(`${bare()}callback?keep=1#/`);
  });

  test("is not assumed on another page whose URL has the parameters code and state", async () => {
    const tab = await open("?code=1&state=2");
    await status(tab.page, "anonymous");
    expect(tab.page.url()).toBe(`${bare()}?code=1&state=2`);
  });
});

describe("an expired token", () => {
  test("in two tabs that resume at the same instant is refreshed by exactly one request", async () => {
    demo.provider.setAccessTokenTtl(3);
    const first = await open();
    await signIn(first);
    const second = await open();
    await status(second.page, "authenticated");
    for (let round = 0; round < 4; round++) {
      await Promise.all([expireToken(first.page), expireToken(second.page)]);
      const before = demo.provider.tokenRequests.refreshes.length;
      const outcomes = await Promise.all([first, second].map(({ page }) => getToken(page)));
      expect(outcomes[0]!.token).toBeDefined();
      expect(outcomes[1]!.token).toBe(outcomes[0]!.token);
      expect(await api(outcomes[0]!.token)).toBe(200);
      expect(demo.provider.tokenRequests.refreshes.length - before).toBe(1);
      const origins = await Promise.all(
        [first, second].map(({ page }) =>
          page.evaluate(
            () => window.auth.state.status === "authenticated" && window.auth.state.token.origin,
          ),
        ),
      );
      expect(new Set(origins)).toEqual(new Set(["other-tab", "this-tab"]));
    }
    expect(demo.provider.tokenRequests.log.every(({ status }) => status === 200)).toBe(true);
  });

  test("is refreshed by one request when two tabs request a newer token at once", async () => {
    const first = await open();
    await signIn(first);
    const second = await open();
    await status(second.page, "authenticated");
    const before = demo.provider.tokenRequests.refreshes.length;
    // The second call reaches its page while the request of the first one is on its way.
    demo.provider.tokenRequests.failNext({ delayResponseMs: 1_000 });
    const [a, b] = await Promise.all([
      getToken(first.page, "reload"),
      getToken(second.page, "reload"),
    ]);
    expect(a.token).toBeDefined();
    expect(b.token).toBe(a.token);
    expect(demo.provider.tokenRequests.refreshes.length - before).toBe(1);
  });

  test("is still returned shortly before it expires, and a newer token is fetched in the background", async () => {
    demo.provider.setAccessTokenTtl(6);
    const tab = await open();
    await signIn(tab);
    const old = await getToken(tab.page);
    await new Promise((resolve) => setTimeout(resolve, 4_300));
    const before = demo.provider.tokenRequests.refreshes.length;
    expect(await getToken(tab.page)).toEqual(old);
    await tab.page.waitForFunction(
      (old) => window.auth.getToken({ prompt: "none" }).then((token) => token !== old),
      { polling: 50 },
      old.token!,
    );
    expect(demo.provider.tokenRequests.refreshes.length - before).toBe(1);
  });

  test("whose refresh returns invalid_grant ends the session in both tabs after one request", async () => {
    demo.provider.setAccessTokenTtl(1);
    const first = await open();
    await signIn(first);
    const second = await open();
    await status(second.page, "authenticated");
    demo.provider.revokeGrants("ada");
    await Promise.all([expireToken(first.page), expireToken(second.page)]);
    const before = demo.provider.tokenRequests.refreshes.length;
    const outcomes = await Promise.all([getToken(first.page), getToken(second.page)]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ code: "refresh_token", reason: "session_ended" });
    for (const { page } of [first, second]) await status(page, "expired");
    for (let again = 0; again < 5; again++)
      expect(await getToken(first.page)).toMatchObject({ code: "refresh_token" });
    expect(demo.provider.tokenRequests.refreshes.length - before).toBe(1);
    // After a new login tokens work again.
    demo.provider.setAccessTokenTtl(60);
    await signIn(first);
    expect(await api((await getToken(first.page, "reload")).token)).toBe(200);
  });

  test("keeps the session while offline, and the next call gets a token once online", async () => {
    demo.provider.setAccessTokenTtl(1);
    const tab = await open();
    await signIn(tab);
    await tab.page.goto(bare());
    await create(tab.page, { patienceMs: 500 });
    await status(tab.page, "authenticated");
    await expireToken(tab.page);
    await tab.page.setOfflineMode(true);
    const before = demo.provider.tokenRequests.refreshes.length;
    expect(await getToken(tab.page)).toMatchObject({ code: "timeout", pending: true });
    const state = await tab.page.evaluate(() => window.auth.state);
    expect(state).toMatchObject({
      status: "authenticated",
      freshness: "stale",
      user: { sub: "ada" },
    });
    demo.provider.setAccessTokenTtl(60);
    await tab.page.setOfflineMode(false);
    const token = await tab.page.waitForFunction(
      () => window.auth.getToken({ prompt: "none" }).catch(() => false),
      { polling: 100 },
    );
    expect(await api((await token.jsonValue()) as string)).toBe(200);
    expect(demo.provider.tokenRequests.refreshes.length - before).toBe(1);
  });

  test.for([
    [
      "500 with HTML",
      { status: 500, body: "<h1>oops</h1>", headers: { "content-type": "text/html" } },
    ],
    ["429", { status: 429 }],
    ["a cut connection", { lose: "request" }],
  ] as const)("whose refresh meets %s keeps the session and tries again", async ([, fault]) => {
    demo.provider.setAccessTokenTtl(1);
    const tab = await open();
    await signIn(tab);
    await expireToken(tab.page);
    demo.provider.setAccessTokenTtl(60);
    demo.provider.tokenRequests.failNext(fault);
    expect(await api((await getToken(tab.page)).token)).toBe(200);
  });
});

describe("a logout", () => {
  test("reaches every tab, revokes the refresh token and ends the session at the provider", async () => {
    const first = await open();
    await signIn(first);
    const second = await open();
    await status(second.page, "authenticated");
    const { token } = await getToken(first.page);
    await Promise.all([
      first.page.waitForFunction(
        () => document.readyState === "complete" && window.auth === undefined,
      ),
      first.page.evaluate(() => void window.auth.logout()),
    ]);
    await status(second.page, "anonymous");
    expect(await getToken(second.page)).toMatchObject({ code: "no_token" });
    expect(await api(token)).toBe(401);
    await create(first.page);
    await status(first.page, "anonymous");
    // The provider shows its login page again.
    await Promise.all([
      second.page.waitForNavigation(),
      second.page.evaluate(() => {
        window.auth.login().catch(() => {});
      }),
    ]);
    await chooseAtLogin(second.page, "linus");
  });

  test("removes the session when the provider is unreachable", async () => {
    const tab = await open();
    await signIn(tab);
    await tab.page.setOfflineMode(true);
    await tab.page.evaluate(() => window.auth.logout());
    await status(tab.page, "anonymous");
    await tab.page.setOfflineMode(false);
    expect(await getToken(tab.page)).toMatchObject({ code: "no_token" });
    const stored = await tab.page.evaluate(storedText);
    expect(stored).not.toMatch(/refreshToken|accessToken|idToken/);
  });
});

describe("auth.fetch", () => {
  test("C8: sends the token to this origin, recovers from one 401, and sends it nowhere else and in no mode without it", async () => {
    const tab = await open();
    await signIn(tab);
    const ok = await tab.page.evaluate(() =>
      window.auth.fetch("/api/me").then(({ status }) => status),
    );
    expect(ok).toBe(200);
    // The API refuses the token long before it expires, because an administrator revoked it.
    demo.provider.endAccessTokens();
    const before = demo.provider.tokenRequests.refreshes.length;
    const recovered = await tab.page.evaluate(() =>
      Promise.all([1, 2, 3].map(() => window.auth.fetch("/api/me").then(({ status }) => status))),
    );
    expect(recovered).toEqual([200, 200, 200]);
    expect(demo.provider.tokenRequests.refreshes.length - before).toBe(1);
    const foreign = await tab.page.evaluate(
      (issuer) => window.auth.fetch(`${issuer}/me`).catch(({ code, input }) => ({ code, input })),
      demo.issuer,
    );
    expect(foreign).toEqual({ code: "configuration", input: "url" });
    expect(tab.requests.to(`${demo.issuer}/me`)).toEqual([]);
    const withoutToken = await tab.page.evaluate(() =>
      window.auth
        .fetch("/api/me", { mode: "no-cors" })
        .catch(({ code, input }) => ({ code, input })),
    );
    expect(withoutToken).toEqual({ code: "configuration", input: "mode" });
  });
});

/** Returns everything that IndexedDB stores, as text. */
async function storedText(): Promise<string> {
  const database = await new Promise<IDBDatabase>((resolve) => {
    const opening = indexedDB.open("latchkey");
    opening.onsuccess = () => resolve(opening.result);
  });
  const all = await new Promise<unknown[]>((resolve) => {
    const reading = database.transaction("entries/2").objectStore("entries/2").getAll();
    reading.onsuccess = () => resolve(reading.result);
  });
  database.close();
  return JSON.stringify(all);
}

test("a token for another API is requested once for both tabs, and serves each granted scope", async () => {
  const orders = `${demo.origin}/orders`;
  const scope = ["openid", "profile", "api:read", "api:write"];
  const ask = (page: Page, scope: string[] = []) =>
    page.evaluate(
      (resource, scope) => window.auth.getToken({ prompt: "none", resource, scope }),
      orders,
      scope,
    );
  const first = await openTab(context, bare());
  const config = { scope, resources: [orders] };
  await createBareAuth(first.page, demo.issuer, {}, config);
  await Promise.all([
    first.page.waitForNavigation({ waitUntil: "load" }),
    first.page.evaluate(() => {
      window.auth.login({ loginHint: "ada" }).catch(() => {});
    }),
  ]);
  await first.page.waitForFunction(() => location.pathname === "/bare/callback");
  await createBareAuth(first.page, demo.issuer, {}, config);
  await status(first.page, "authenticated");
  const second = await openTab(context, bare());
  await createBareAuth(second.page, demo.issuer, {}, config);
  demo.provider.tokenRequests.reset();

  const [token, other] = await Promise.all([ask(first.page), ask(second.page)]);
  expect(other).toBe(token);
  expect(await ask(second.page, ["api:read"])).toBe(token);
  expect(demo.provider.tokenRequests.count).toBe(1);
  const found = await demo.provider.provider.AccessToken.find(token);
  expect(found).toMatchObject({ aud: orders, scope: "api:read api:write" });
  expect((await getToken(second.page)).token).not.toBe(token);
  expect(demo.provider.tokenRequests.count).toBe(1);
});
