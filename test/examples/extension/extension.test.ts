import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { build } from "vite";
import { launchBrowser, waitForText } from "../../support/browser.ts";
import { startHostileProvider, type HostileProvider } from "../../support/hostile-provider.ts";
import { settled } from "../example-site.ts";

/** A real extension in a real browser: its options page logs in with `chrome.identity.launchWebAuthFlow()`. */

const ROOT = fileURLToPath(new URL(".", import.meta.url));

let folder: string;
let provider: HostileProvider;
let browser: Browser;
let id: string;
let page: Page;

beforeAll(async () => {
  provider = await startHostileProvider();
  folder = await mkdtemp(join(tmpdir(), "latchkey-extension-"));
  await buildExtension();
});
afterAll(async () => {
  await provider?.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  provider.requests.length = 0;
  provider.behaviours.clear();
  browser = await launchBrowser({ extensions: true });
  id = await browser.installExtension(folder);
  page = await browser.newPage();
  await page.goto(`chrome-extension://${id}/options.html`);
});
afterEach(() => browser?.close());

async function buildExtension(): Promise<void> {
  await build({
    configFile: false,
    root: ROOT,
    base: "./",
    logLevel: "warn",
    publicDir: false,
    plugins: [
      {
        name: "issuer",
        transformIndexHtml: (page) => page.replaceAll("__ISSUER__", provider.issuer),
      },
    ],
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: "es2022",
      modulePreload: { polyfill: false },
      rolldownOptions: { input: join(ROOT, "options.html") },
    },
  });
  await copyFile(join(ROOT, "manifest.json"), join(folder, "manifest.json"));
}

const redirectUri = () => `https://${id}.chromiumapp.org/`;
const shows = (text: string) => waitForText(page, "#state", text);
const token = (cache?: "reload") =>
  page.evaluate((cache) => window.auth.getToken(cache && { cache }), cache);
const begin = (method: "login" | "getToken" | "logout") => settled(page, method);

/** From now on, the provider shows a login page, and waits for a click. */
function showLoginPage(): void {
  provider.behaviours.set("/authorize", (_, good) => ({
    body: `<title>Log in</title><a href="${good.headers!["Location"]!.replaceAll("&", "&amp;")}">Ada</a>`,
    headers: { "Content-Type": "text/html" },
  }));
}

/** The window that `launchWebAuthFlow()` opens. */
async function loginPage(): Promise<Page> {
  const target = await browser.waitForTarget((one) => one.url().startsWith(provider.issuer));
  return target.asPage();
}

test("a login opens a window, and the page of the extension stays", async () => {
  showLoginPage();
  await shows("anonymous");
  await page.click("#sign-in");
  const login = await loginPage();
  await (await login.waitForSelector("a"))!.click();
  await shows("authenticated Ada Lovelace");
  expect(await token()).toMatch(/^at-/);
  expect(page.url()).toBe(`chrome-extension://${id}/options.html`);
  const [authorize] = provider.requests.filter(({ what }) => what === "GET /authorize");
  expect(authorize!.query.get("redirect_uri")).toBe(redirectUri());
  const [exchange] = provider.requests.filter(({ what }) => what === "POST /token");
  expect(exchange!.body.get("redirect_uri")).toBe(redirectUri());
});

test("getToken() logs in by itself; a reload keeps the session, and a refresh needs no window", async () => {
  await shows("anonymous");
  const first = await token();
  await page.reload();
  await shows("authenticated Ada Lovelace");
  expect(await token()).toBe(first);
  const second = await token("reload");
  expect(second).toMatch(/^at-/);
  expect(second).not.toBe(first);
  expect(provider.count("GET /authorize")).toBe(1);
  const grants = provider.requests.map(({ body }) => body.get("grant_type"));
  expect(grants.filter(Boolean)).toEqual(["authorization_code", "refresh_token"]);
});

test("a second page of the extension has the same user, and a logout ends the session in both", async () => {
  await token();
  const second = await browser.newPage();
  await second.goto(page.url());
  await waitForText(second, "#state", "authenticated Ada Lovelace");
  provider.behaviours.set("/logout", ({ query }) => ({
    status: 302,
    headers: { Location: query.get("post_logout_redirect_uri")! },
  }));
  await page.bringToFront();
  expect(await (await begin("logout"))()).toEqual({ server: "told" });
  await shows("anonymous");
  await waitForText(second, "#state", "anonymous");
  expect(page.url()).toBe(`chrome-extension://${id}/options.html`);
  expect(provider.count("POST /revoke")).toBe(1);
  const [logout] = provider.requests.filter(({ what }) => what === "GET /logout");
  expect(logout!.query.get("post_logout_redirect_uri")).toBe(`${redirectUri()}signed-out`);
});

describe("a login whose window the user closes", () => {
  test("is cancelled, and the next click logs in", async () => {
    showLoginPage();
    await shows("anonymous");
    const outcome = await begin("login");
    await (await loginPage()).close();
    expect(await outcome()).toBe("cancelled");
    await page.click("#sign-in");
    await (await (await loginPage()).waitForSelector("a"))!.click();
    await shows("authenticated");
  });

  test("opens no other window by itself", async () => {
    showLoginPage();
    await shows("anonymous");
    const outcome = await begin("getToken");
    await (await loginPage()).close();
    expect(await outcome()).toBe("cancelled");
    for (let poll = 0; poll < 3; poll++) expect(await (await begin("getToken"))()).toBe("no_token");
    expect(provider.count("GET /authorize")).toBe(1);
  });
});

test("a login page that cannot be loaded is a NetworkError", async () => {
  await shows("anonymous");
  provider.behaviours.set("/authorize", () => "cut");
  expect(await (await begin("login"))()).toBe("network");
});

test("a refused login is told, and the state stays anonymous", async () => {
  provider.behaviours.set("/authorize", ({ query }) => ({
    status: 302,
    headers: {
      Location: `${query.get("redirect_uri")}?error=access_denied&state=${query.get("state")}`,
    },
  }));
  await shows("anonymous");
  expect(await (await begin("login"))()).toBe("authorization");
  await shows("anonymous");
});
