import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { handle, listenOnLoopback, type Loopback } from "../../demo/server/loopback.ts";
import { startProvider, type RunningProvider } from "../../demo/server/provider.ts";
import { serveBuild } from "../../demo/server/site.ts";
import { fileURLToPath } from "node:url";
import { startAuth0Like, type Auth0Like } from "../support/auth0-like.ts";
import { launchBrowser, openTab, type Tab } from "../support/browser.ts";

/**
 * An app that moves to Latchkey. Users log in with the real oidc-client-ts or auth0-spa-js on the old page, and then open the
 * new page.
 */

const MOVING = { base: "/", root: fileURLToPath(new URL("moving", import.meta.url)) };

let site: Loopback;
let provider: RunningProvider;
let auth0: Auth0Like;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  site = await listenOnLoopback(0);
  const [build, started, like, launched] = await Promise.all([
    serveBuild([MOVING], "http://localhost:*"),
    startProvider({
      port: 0,
      origins: [site.origin],
      redirectPaths: ["/old.html"],
      autoLogin: true,
    }),
    startAuth0Like(site.origin, "/old.html"),
    launchBrowser(),
  ]);
  [provider, auth0, browser] = [started, like, launched];
  handle(site, build.listener);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([provider?.close(), auth0?.close(), site?.close()]);
});
beforeEach(async () => {
  provider.tokenRequests.reset();
  context = await browser.createBrowserContext();
});
afterEach(async () => {
  await context.close();
});

const oldPage = () => `${site.origin}/old.html`;

const storedKeys = (page: Page, part: string) =>
  page.evaluate(
    (part) =>
      [...Object.keys(localStorage), ...Object.keys(sessionStorage)].filter((key) =>
        key.includes(part),
      ),
    part,
  );

/** Waits until the provider has redirected the page back with a code. */
const comeBack = (page: Page) =>
  page.waitForFunction(() => location.search.includes("code=") && "old" in window);

interface Taken {
  readonly type: string;
  readonly reason?: string;
  readonly user?: { readonly sub: string; readonly name?: string };
}

describe("oidc-client-ts", () => {
  const settings = () => ({
    authority: provider.issuer,
    client_id: provider.clientId,
    redirect_uri: oldPage(),
    scope: "openid profile email offline_access",
    // Otherwise the old page could refresh a short token itself, just before the page is left.
    automaticSilentRenew: false,
  });
  type Where = "localStorage" | "sessionStorage";

  /** Logs in with the UserManager of oidc-client-ts. Returns its tokens. */
  async function signIn(tab: Tab, where: Where): Promise<{ access: string; refresh: string }> {
    const { page } = tab;
    await page.goto(oldPage());
    await page.evaluate(
      (settings, where) => {
        const userStore = new window.old.WebStorageStateStore({ store: window[where] });
        const manager = new window.old.UserManager({ ...settings, userStore });
        void manager.signinRedirect({ login_hint: "ada" });
      },
      settings(),
      where,
    );
    await comeBack(page);
    return page.evaluate(
      async (settings, where) => {
        const userStore = new window.old.WebStorageStateStore({ store: window[where] });
        const manager = new window.old.UserManager({ ...settings, userStore });
        const user = (await manager.signinCallback())!;
        return { access: user.access_token, refresh: user.refresh_token! };
      },
      settings(),
      where,
    );
  }

  /** Opens the new page, which imports the session. */
  async function open(tab: Tab): Promise<Taken> {
    await tab.page.goto(site.origin);
    await tab.page.waitForFunction(() => "moving" in window);
    tab.requests.reset();
    return tab.page.evaluate(
      async (issuer, clientId) => {
        const client = { issuer, clientId };
        const { createAuth, importSession, oidcClientSession } = window.moving;
        const taken = await importSession({ ...client, from: oidcClientSession() });
        window.auth = createAuth({ ...client, redirectUri: "/" });
        return JSON.parse(JSON.stringify(taken)) as Taken;
      },
      provider.issuer,
      provider.clientId,
    );
  }

  const getToken = (page: Page, cache: "default" | "reload" = "default") =>
    page.evaluate((cache) => window.auth.getToken({ prompt: "none", cache }), cache);

  const userinfo = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${provider.issuer}/me`, { headers })).status;
  };

  test.for(["localStorage", "sessionStorage"] as const)(
    "no user logs in again: the token from %s is returned, refreshed once, and the entry is deleted",
    async (where) => {
      const tab = await openTab(context);
      const { access } = await signIn(tab, where);
      expect(await storedKeys(tab.page, "oidc.user:")).toHaveLength(1);
      expect(await open(tab)).toMatchObject({
        type: "imported",
        user: { sub: "ada", name: "Ada Lovelace" },
      });
      expect(await storedKeys(tab.page, "oidc.user:")).toEqual([]);
      expect(await getToken(tab.page)).toBe(access);
      expect(provider.tokenRequests.refreshes).toEqual([]);

      const renewed = await getToken(tab.page, "reload");
      expect(renewed).not.toBe(access);
      expect(await userinfo(renewed)).toBe(200);
      expect(provider.tokenRequests.refreshes).toMatchObject([{ status: 200 }]);
      expect(tab.requests.to(`${provider.issuer}/auth`)).toEqual([]);

      // From now on the session is like every other session.
      expect(await open(tab)).toEqual({ type: "nothing" });
      expect(await getToken(tab.page)).toBe(renewed);
      expect(tab.requests.to(provider.issuer)).toEqual([]);
      expect(tab.errors).toEqual([]);
    },
  );

  test("the ID token of the first refresh is validated against the imported user", async () => {
    const tab = await openTab(context);
    await signIn(tab, "localStorage");
    await open(tab);
    await getToken(tab.page, "reload");
    const record = await tab.page.waitForFunction(
      () =>
        new Promise<unknown>((resolve, reject) => {
          const opening = indexedDB.open("latchkey");
          opening.onerror = () => reject(opening.error!);
          opening.onsuccess = () => {
            const rows = opening.result.transaction("entries/2").objectStore("entries/2").getAll();
            rows.onsuccess = () => {
              opening.result.close();
              const row = rows.result.find((row: { tokens?: object }) => row.tokens);
              resolve(row.tokens.idTokenVerified ? row.tokens.user : undefined);
            };
          };
        }),
      { polling: 50 },
    );
    expect(await record.jsonValue()).toMatchObject({ sub: "ada" });
  });

  test("an expired token is refreshed with the imported refresh token", async () => {
    const tab = await openTab(context);
    provider.setAccessTokenTtl(1);
    const { access } = await signIn(tab, "localStorage");
    provider.setAccessTokenTtl(60);
    await tab.page.waitForFunction(
      () => {
        const key = Object.keys(localStorage).find((key) => key.startsWith("oidc.user:"))!;
        return JSON.parse(localStorage.getItem(key)!).expires_at * 1_000 < Date.now();
      },
      { polling: 50 },
    );
    expect(await open(tab)).toMatchObject({ type: "imported" });
    const token = await getToken(tab.page);
    expect(token).not.toBe(access);
    expect(await userinfo(token)).toBe(200);
    expect(provider.tokenRequests.refreshes).toMatchObject([{ status: 200 }]);
  });

  test("two tabs that open at once create one session, and both get its token", async () => {
    const first = await openTab(context);
    const { access } = await signIn(first, "localStorage");
    const second = await openTab(context);
    const taken = await Promise.all([open(first), open(second)]);
    const types = taken.map(({ type }) => type);
    expect(types).toContain("imported");
    expect(types.filter((type) => type === "imported")).toHaveLength(1);
    expect(await Promise.all([getToken(first.page), getToken(second.page)])).toEqual([
      access,
      access,
    ]);
    const renewed = await Promise.all([
      getToken(first.page, "reload"),
      getToken(second.page, "reload"),
    ]);
    expect(await Promise.all(renewed.map(userinfo))).toEqual([200, 200]);
    expect(provider.tokenRequests.refreshes.map(({ status }) => status)).not.toContain(400);
    expect(await storedKeys(first.page, "oidc.user:")).toEqual([]);
  });

  test("a user who logs out of Latchkey stays logged out although a tab with the old app writes a session", async () => {
    const tab = await openTab(context);
    await signIn(tab, "localStorage");
    await open(tab);
    await tab.page.evaluate(() => window.auth.logout({ endSession: "none" }));
    await signIn(tab, "localStorage");
    expect(await open(tab)).toEqual({ type: "already_signed_in" });
    expect(await storedKeys(tab.page, "oidc.user:")).toHaveLength(1);
    expect(await tab.page.evaluate(() => window.auth.getUser())).toBeUndefined();
  });
});

describe("auth0-spa-js", () => {
  const options = () => ({
    domain: auth0.domain,
    clientId: auth0.clientId,
    cacheLocation: "localstorage" as const,
    useRefreshTokens: true,
    authorizationParams: { redirect_uri: oldPage() },
  });

  test("no user logs in again: the token is returned, refreshed once, and the entries are deleted", async () => {
    const tab = await openTab(context, oldPage());
    const { page } = tab;
    await page.evaluate((options) => {
      const client = new window.old.Auth0Client(options);
      void client.loginWithRedirect({ authorizationParams: { login_hint: "grace" } });
    }, options());
    await comeBack(page);
    const access = await page.evaluate(async (options) => {
      const client = new window.old.Auth0Client(options);
      await client.handleRedirectCallback();
      return client.getTokenSilently();
    }, options());
    expect((await storedKeys(page, "@@auth0spajs@@")).length).toBeGreaterThan(1);

    await page.goto(site.origin);
    await page.waitForFunction(() => "moving" in window);
    tab.requests.reset();
    const taken = await page.evaluate(
      async (issuer, clientId) => {
        const { auth0Session, createAuth, importSession } = window.moving;
        const client = { issuer, clientId };
        const taken = await importSession({ ...client, from: auth0Session() });
        window.auth = createAuth({ ...client, redirectUri: "/" });
        return taken;
      },
      auth0.issuer,
      auth0.clientId,
    );
    expect(taken).toMatchObject({ type: "imported", user: { sub: "grace" } });
    expect(await storedKeys(page, "@@auth0spajs@@")).toEqual([]);
    expect(await page.evaluate(() => window.auth.getToken({ prompt: "none" }))).toBe(access);

    const renewed = await page.evaluate(() =>
      window.auth.getToken({ prompt: "none", cache: "reload" }),
    );
    const headers = { authorization: `Bearer ${renewed}` };
    expect(renewed).not.toBe(access);
    expect((await fetch(`${auth0.domain}/userinfo`, { headers })).status).toBe(200);
    expect(tab.requests.to(`${auth0.domain}/oauth/token`)).toHaveLength(1);
    expect(tab.requests.to(`${auth0.domain}/authorize`)).toEqual([]);
    expect(tab.errors).toEqual([]);
  });
});
