import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { launchBrowser } from "../../support/browser.ts";
import { startHostileProvider, type HostileProvider } from "../../support/hostile-provider.ts";
import { responseTo, serveExample, settled, type ExampleSite } from "../example-site.ts";
import type { IpcMain } from "./electron.ts";
import { receiveLogins } from "./main-process.ts";
import { startShell, type StubShell } from "./stub-electron.ts";

/** The main process, the preload script and the page of the example. The page is real, and Electron is a stub of its interface. */

let site: ExampleSite;
let browser: Browser;
let provider: HostileProvider;
let context: BrowserContext;
let page: Page;
let shell: StubShell;

beforeAll(async () => {
  [site, browser] = await Promise.all([serveExample("electron"), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});
beforeEach(async () => {
  provider = await startHostileProvider();
  context = await browser.createBrowserContext();
});
afterEach(async () => {
  await context.close();
  await provider.close();
});

/** Starts the app, and opens its window. */
async function start(
  options: Parameters<typeof startShell>[1] = {},
  beforeWindow: () => void = () => {},
  timeoutMs?: number,
): Promise<string | undefined> {
  page = await context.newPage();
  shell = await startShell(page, options);
  beforeWindow();
  await page.goto(`${site.origin}/electron/?order=7`);
  return page.evaluate(
    (issuer, timeoutMs) => window.startShell(issuer, timeoutMs),
    provider.issuer,
    timeoutMs,
  );
}

const begin = (method: "login" | "getToken" | "logout") => settled(page, method);
async function opened(nth = 1): Promise<string> {
  await expect.poll(() => shell.opened.length).toBe(nth);
  return shell.opened.at(-1)!;
}
const noListeners = () => expect.poll(() => shell.listeners()).toBe(0);

const SYSTEMS: readonly (readonly [string, (url: string) => void])[] = [
  ["macOS", (url) => shell.openUrl(url)],
  ["Windows and Linux", (url) => shell.secondInstance("/opt/app", "--flag", url)],
];

test.for(SYSTEMS)("a login in the browser of the system, on %s", async ([, respond]) => {
  await start();
  const outcome = await begin("login");
  const url = await opened();
  expect(new URL(url).searchParams.get("redirect_uri")).toBe("com.example.app:/cb");
  respond(await responseTo(url));
  expect(await outcome()).toMatchObject({ sub: "ada" });
  await noListeners();
  expect(page.url()).toBe(`${site.origin}/electron/?order=7`);
});

test("a second process shows the window, and other URLs of the app start no login", async () => {
  await start();
  const outcome = await begin("getToken");
  const url = await opened();
  shell.secondInstance("/opt/app", "com.example.app:/orders?id=7");
  expect(shell.window).toEqual({ focused: 1, minimized: false });
  shell.secondInstance("/opt/app");
  shell.openUrl("https://app.example.com/?state=1");
  shell.openUrl(await responseTo(url));
  expect(await outcome()).toMatch(/^at-/);
});

describe("a login that does not end", () => {
  test("is stopped by the app, and its late response does not disturb the next login", async () => {
    await start();
    await page.evaluate(() => {
      const stop = new AbortController();
      Object.assign(window, { stop });
      void window.auth.login({ signal: stop.signal }).catch(() => {});
    });
    const late = await responseTo(await opened());
    await page.evaluate(() => (window as unknown as { stop: AbortController }).stop.abort());
    await noListeners();
    const outcome = await begin("login");
    const url = await opened(2);
    shell.openUrl(late);
    shell.openUrl(await responseTo(url));
    expect(await outcome()).toMatchObject({ sub: "ada" });
  });

  test("ends after a time, and getToken() starts no other", async () => {
    await start({}, () => {}, 300);
    const outcome = await begin("getToken");
    await opened();
    expect(await outcome()).toBe("timeout");
    await noListeners();
    expect(await (await begin("getToken"))()).toBe("no_token");
    expect(shell.opened).toHaveLength(1);
  });
});

test("a logout opens the server's page in the browser of the system, and the window stays", async () => {
  await start();
  const outcome = await begin("login");
  shell.openUrl(await responseTo(await opened()));
  await outcome();
  expect(await (await begin("logout"))()).toEqual({ server: "told" });
  expect(await opened(2)).toMatch(new RegExp(`^${provider.issuer}/logout\\?`));
  expect(page.url()).toBe(`${site.origin}/electron/?order=7`);
});

describe("an app that was closed during the login", () => {
  async function closedDuringLogin(): Promise<string> {
    await start();
    await begin("login");
    const response = await responseTo(await opened());
    await page.close();
    return response;
  }

  test("continues when Windows or Linux starts it with the response", async () => {
    const response = await closedDuringLogin();
    expect(await start({ argv: ["/opt/app", response] })).toBe("/electron/?order=7");
    expect(await (await begin("getToken"))()).toMatch(/^at-/);
    expect(shell.opened).toEqual([]);
  });

  test("continues when macOS starts it, and tells the URL before there is a window", async () => {
    const response = await closedDuringLogin();
    const path = await start({ hasWindow: false }, () => shell.openUrl(response));
    expect(path).toBe("/electron/?order=7");
    expect(await (await begin("getToken"))()).toMatch(/^at-/);
    await page.reload();
    expect(await page.evaluate((issuer) => window.startShell(issuer), provider.issuer)).toBe(
      undefined,
    );
  });
});

test("the main process opens login pages only, and a second process ends", async () => {
  const handlers = new Map<string, (event: unknown, ...args: unknown[]) => unknown>();
  const [openExternal, quit] = [vi.fn(async () => {}), vi.fn()];
  const parts = {
    shell: { openExternal },
    ipcMain: {
      handle: ((channel, handler) => void handlers.set(channel, handler)) as IpcMain["handle"],
    },
    scheme: "com.example.app",
    argv: [],
    window: () => undefined,
  };
  const app = {
    requestSingleInstanceLock: () => true,
    setAsDefaultProtocolClient: () => true,
    quit,
    on: () => {},
  };
  expect(receiveLogins({ ...parts, app })).toBe(true);
  for (const url of [
    "file:///etc/passwd",
    "app://localhost/",
    "javascript:alert(1)",
    "http://id.example/",
  ])
    await expect(handlers.get("open-login")!({}, url)).rejects.toThrow("not a login page");
  expect(openExternal).not.toHaveBeenCalled();
  expect(receiveLogins({ ...parts, app: { ...app, requestSingleInstanceLock: () => false } })).toBe(
    false,
  );
  expect(quit).toHaveBeenCalledTimes(1);
});
