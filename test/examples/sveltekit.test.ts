import { spawn, type ChildProcess } from "node:child_process";
import { resolve } from "node:path";
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { listenOnLoopback } from "../../demo/server/loopback.ts";
import { launchBrowser, openTab, waitForText } from "../support/browser.ts";
import { logInAt, startPlainProvider, type PlainProvider } from "../support/plain-provider.ts";

/** SvelteKit with server rendering, in a development build, because only such a build reports mismatches of the hydration. */

/** Two pages load all their modules, on a machine that may be busy. */
const SLOW = { timeout: 180_000 };
const FOLDER = resolve("test/examples/sveltekit");
let origin: string;
let server: ChildProcess;
let provider: PlainProvider;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** The warnings, errors and uncaught errors of the page. */
let complaints: string[];

beforeAll(async () => {
  const loopback = await listenOnLoopback(0);
  await loopback.close();
  origin = loopback.origin;
  [provider, browser] = await Promise.all([startPlainProvider(origin, ["/"]), launchBrowser()]);
  const vite = resolve("node_modules/vite/bin/vite.js");
  server = spawn(process.execPath, [vite, "dev", "--port", String(loopback.port), "--strictPort"], {
    cwd: FOLDER,
    env: { ...process.env, NODE_ENV: "development", PUBLIC_ISSUER: provider.issuer },
    stdio: ["ignore", "ignore", "inherit"],
  });
  // The first request makes Vite transform the modules of the page.
  await vi.waitFor(() => fetch(`${origin}/orders`), { timeout: 60_000, interval: 100 });
});
afterAll(async () => {
  server?.kill();
  await browser?.close();
  await provider?.close();
});
beforeEach(async () => {
  context = await browser.createBrowserContext();
  ({ page } = await openTab(context));
  complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (/^(warn|error)$/.test(message.type())) complaints.push(message.text());
  });
  // The element of the server's HTML, to see whether the hydration keeps it.
  await page.evaluateOnNewDocument(() => {
    addEventListener("DOMContentLoaded", () =>
      Object.assign(window, { ofServer: document.querySelector("#status") }),
    );
  });
});
afterEach(() => context.close());

/** Waits until the page shows the text. Vite transforms the modules of a page when the browser asks for them. */
const shows = (selector: string, text: string) => waitForText(page, selector, text, 50_000);
const isKept = () =>
  page.evaluate(
    () =>
      (window as unknown as { ofServer: Element }).ofServer === document.querySelector("#status"),
  );

async function logIn(): Promise<void> {
  await page.goto(`${origin}/orders?page=2`);
  await page.waitForFunction(() => location.pathname === "/sign-in", { timeout: 50_000 });
  // The page is hydrated when it shows this link. Before that, a click does nothing.
  await page.waitForSelector('a[href="/sign-in"]', { timeout: 50_000 });
  await Promise.all([page.waitForNavigation(), page.click("#login")]);
  await logInAt(page, provider.issuer, "ada");
  await shows("#orders", "Orders of ada Lovelace, token ready");
  // The pages of the provider, and SvelteKit's warning about the URL that Latchkey cleans.
  complaints.length = 0;
}

test("the HTML of the server has the state loading, and no user", SLOW, async () => {
  for (const path of ["/", "/orders"]) {
    const html = await (await fetch(origin + path)).text();
    expect(html).toMatch(/id="status">(<!--[^>]*-->)*loading/);
    expect(html).not.toContain('id="user"');
  }
});

test("hydration matches without a user, and the state follows", SLOW, async () => {
  await page.goto(origin);
  await shows("#status", "anonymous");
  expect(await isKept()).toBe(true);
  expect(complaints).toEqual([]);
});

test(
  "a guarded page sends a user through the login and back, and a reload hydrates with the user",
  SLOW,
  async () => {
    await logIn();
    expect(page.url()).toBe(`${origin}/orders?page=2`);
    await page.reload();
    await shows("#orders", "Orders of ada Lovelace, token ready");
    await shows("#user", "ada Lovelace");
    expect(await isKept()).toBe(true);
    expect(complaints).toEqual([]);
    // A navigation in the page renders nothing on the server.
    await page.click('a[href="/"]');
    await shows("#status", "authenticated");
    await page.click("header button");
    await shows("#status", "anonymous");
    expect(complaints).toEqual([]);
  },
);

test(
  "a page that reads auth.state itself loses the HTML of the server and causes a warning, so the tests above can fail",
  SLOW,
  async () => {
    await logIn();
    await page.goto(`${origin}/wrong`);
    await shows("#status", "authenticated");
    expect(await isKept()).toBe(false);
    expect(complaints.join("\n")).toContain("hydration_attribute_changed");
  },
);
