import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { handle, listenOnLoopback, type Loopback } from "../../demo/server/loopback.ts";
import { startProvider, type RunningProvider } from "../../demo/server/provider.ts";
import { serveBuild } from "../../demo/server/site.ts";
import { launchBrowser, openTab, type Tab } from "../support/browser.ts";

/** Two clients, two issuers, two copies of Latchkey on one page, and two builds in two tabs. */

const ROOT = fileURLToPath(new URL("two-page", import.meta.url));

let site: Loopback;
let one: RunningProvider;
let two: RunningProvider;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  site = await listenOnLoopback(0);
  const options = {
    port: 0,
    origins: [site.origin],
    redirectPaths: ["/one/"],
    autoLogin: true,
    clients: [
      {
        client_id: "second-app",
        token_endpoint_auth_method: "none" as const,
        redirect_uris: [`${site.origin}/one/`],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code" as const],
        id_token_signed_response_alg: "ES256" as const,
      },
    ],
  };
  const pages = [
    { base: "/one/", root: ROOT },
    { base: "/two/", root: ROOT },
  ];
  const [build, first, second, launched] = await Promise.all([
    serveBuild(pages, "http://localhost:*"),
    startProvider(options),
    startProvider({ ...options, clients: [] }),
    launchBrowser(),
  ]);
  [one, two, browser] = [first, second, launched];
  handle(site, build.listener);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([one?.close(), two?.close(), site?.close()]);
});
beforeEach(async () => {
  context = await browser.createBrowserContext();
});
afterEach(async () => {
  await context.close();
});

interface Client {
  readonly issuer: string;
  readonly clientId: string;
}

const open = (path = "/one/") => openTab(context, site.origin + path);

/** Creates one `Auth` for each client, in this order, each with its own copy if the page has several. */
async function create(page: Page, clients: readonly Client[]): Promise<void> {
  await page.waitForFunction(() => window.copies);
  await page.evaluate((clients) => {
    window.auths = clients.map((client, index) =>
      window.copies![index % window.copies!.length]!.createAuth({
        ...client,
        redirectUri: "/one/",
        onReturn: () => {},
      }),
    );
  }, clients);
}

/** Logs a user in with the client at `index`, and creates the clients again on the page of the redirect URI. */
async function login({ page }: Tab, clients: readonly Client[], index: number, loginHint: string) {
  await Promise.all([
    page
      .waitForNavigation()
      .then(() => page.waitForFunction(() => location.search.includes("code="))),
    page.evaluate(
      (index, loginHint) => {
        window.auths[index]!.login({ loginHint, prompt: "login" }).catch(() => {});
      },
      index,
      loginHint,
    ),
  ]);
  await create(page, clients);
  await page.waitForFunction(
    (index) => window.auths[index]!.state.status === "authenticated",
    { polling: 20, timeout: 10_000 },
    index,
  );
}

const subs = (page: Page) =>
  page.evaluate(async () =>
    Promise.all(window.auths.map(async (auth) => (await auth.getUser())?.sub ?? null)),
  );

const tokens = (page: Page) =>
  page.evaluate(() =>
    Promise.all(window.auths.map((auth) => auth.getToken({ prompt: "none", cache: "reload" }))),
  );

const PAIRS: [what: string, clients: () => readonly [Client, Client]][] = [
  [
    "two clients of one issuer",
    () => [
      { issuer: one.issuer, clientId: one.clientId },
      { issuer: one.issuer, clientId: "second-app" },
    ],
  ],
  [
    "two issuers",
    () => [
      { issuer: one.issuer, clientId: one.clientId },
      { issuer: two.issuer, clientId: two.clientId },
    ],
  ],
];

test.for(PAIRS)(
  "%s on one page and one redirect path have their own users and tokens",
  async ([, get]) => {
    const clients = get();
    const tab = await open();
    await create(tab.page, clients);
    await login(tab, clients, 1, "grace");
    expect(await subs(tab.page)).toEqual([null, "grace"]);
    expect(new URL(tab.page.url()).search).toBe("");
    await login(tab, clients, 0, "ada");
    expect(await subs(tab.page)).toEqual(["ada", "grace"]);
    const [first, second] = await tokens(tab.page);
    expect(first).not.toBe(second);
    await tab.page.evaluate(() => window.auths[0]!.logout({ endSession: "none" }));
    expect(await subs(tab.page)).toEqual([null, "grace"]);
    await tab.page.reload();
    await create(tab.page, clients);
    expect(await subs(tab.page)).toEqual([null, "grace"]);
    expect(tab.errors).toEqual([]);
  },
);

/** The script of a page, which is a copy of Latchkey with its own chunks. */
async function scriptOf(path: string): Promise<string> {
  const html = await (await fetch(site.origin + path)).text();
  return site.origin + new URL(/src="([^"]+)"/.exec(html)![1]!, `${site.origin}${path}`).pathname;
}

test("two copies of Latchkey on one page share the session, the refresh and the errors", async () => {
  const client = { issuer: one.issuer, clientId: one.clientId };
  const tab = await open();
  await create(tab.page, [client]);
  await login(tab, [client], 0, "ada");
  await tab.page.evaluate(`import(${JSON.stringify(await scriptOf("/two/"))}).then(() => {})`);
  await tab.page.waitForFunction(() => window.copies?.length === 2);
  await create(tab.page, [client, client]);
  expect(await subs(tab.page)).toEqual(["ada", "ada"]);
  one.tokenRequests.reset();
  const [first, second] = await tokens(tab.page);
  expect(first).toBe(second);
  expect(one.tokenRequests.refreshes).toHaveLength(1);
  const known = await tab.page.evaluate(async () => {
    const [mine, other] = window.copies!;
    mine!.defineLatchkeyElements();
    other!.defineLatchkeyElements();
    const error: unknown = await window.auths[0]!.switchUser("nobody").catch(
      (reason: unknown) => reason,
    );
    return [
      mine!.isAuthError === other!.isAuthError,
      mine!.isAuthError(error),
      other!.isAuthError(error),
    ];
  });
  expect(known).toEqual([false, true, true]);
  expect(tab.errors).toEqual([]);
});

test("two builds in two tabs share the session and the refresh", async () => {
  const client = { issuer: one.issuer, clientId: one.clientId };
  const [mine, other] = [await open(), await open("/two/")];
  await create(other.page, [client]);
  await create(mine.page, [client]);
  await login(mine, [client], 0, "ada");
  await other.page.waitForFunction(() => window.auths[0]!.state.status === "authenticated");
  one.tokenRequests.reset();
  const [[first], [second]] = await Promise.all([tokens(mine.page), tokens(other.page)]);
  expect(first).toBe(second);
  expect(one.tokenRequests.refreshes).toHaveLength(1);
});

test("an older build keeps the session of a newer build, and says that the page must be loaded again", async () => {
  const client = { issuer: one.issuer, clientId: one.clientId };
  const tab = await open();
  await create(tab.page, [client]);
  await login(tab, [client], 0, "ada");
  const key = `${encodeURIComponent(one.issuer)},${encodeURIComponent(one.clientId)}`;
  const code = await tab.page.evaluate(async (key) => {
    // A newer build might store a row of version 3, and send messages of protocol 3.
    const opening = indexedDB.open("latchkey");
    await new Promise((resolve) => (opening.onsuccess = resolve));
    const store = opening.result.transaction("entries/2", "readwrite").objectStore("entries/2");
    store.put({ version: 3, secrets: "newer" }, `session/${key}/ada`);
    await new Promise((resolve) => (store.transaction.oncomplete = resolve));
    opening.result.close();
    for (const name of [`latchkey/2/${key}`, `latchkey/3/${key}`, `latchkey/2/${key}/handover`]) {
      const channel = new BroadcastChannel(name);
      for (const message of [{ protocol: 3, type: "user", key: "ada" }, null, 7])
        channel.postMessage(message);
      channel.close();
    }
    const auth = window.auths[0]!;
    return auth.getToken({ prompt: "none", cache: "reload" }).then(
      () => "no error",
      (error: { code: string; input: string }) => `${error.code} ${error.input}`,
    );
  }, key);
  expect(code).toBe("configuration session");
  const kept = await tab.page.evaluate(async (key) => {
    const opening = indexedDB.open("latchkey");
    await new Promise((resolve) => (opening.onsuccess = resolve));
    const store = opening.result.transaction("entries/2").objectStore("entries/2");
    const reading = store.get(`session/${key}/ada`);
    await new Promise((resolve) => (reading.onsuccess = resolve));
    opening.result.close();
    return reading.result as unknown;
  }, key);
  expect(kept).toEqual({ version: 3, secrets: "newer" });
  expect(tab.errors).toEqual([]);
});
