import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { CreateAuthConfig } from "../../src/index.ts";
import { createBareAuth, getToken, status } from "../support/bare-page.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser, openTab, type Tab } from "../support/browser.ts";
import { startHostileProvider, type HostileProvider } from "../support/hostile-provider.ts";

/** Page loads, tabs and stores of a real browser. */

let provider: HostileProvider;
let site: BareSite;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  [provider, site, browser] = await Promise.all([
    startHostileProvider(),
    startBareSite(),
    launchBrowser(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
  await provider?.close();
});
beforeEach(async () => {
  context = await browser.createBrowserContext();
});
afterEach(async () => {
  await context.close();
});

type Persist = NonNullable<CreateAuthConfig["persist"]>;

const create = (page: Page, persist: Persist = "device") =>
  createBareAuth(page, provider.issuer, {}, { persist });

/** Opens a tab whose clock is ahead by the milliseconds in `localStorage`, which outlives a page. */
async function open(persist?: Persist): Promise<Tab> {
  const tab = await openTab(context);
  await tab.page.evaluateOnNewDocument(() => {
    if (location.protocol !== "http:") return;
    const now = Date.now.bind(Date);
    Date.now = () => now() + Number(localStorage.getItem("ahead") ?? 0);
  });
  await tab.page.goto(`${site.origin}/bare/`);
  await create(tab.page, persist);
  return tab;
}

async function reload({ page }: Tab, persist?: Persist): Promise<void> {
  await page.goto(`${site.origin}/bare/`);
  await create(page, persist);
}

/** Logs in with a popup, because a page that navigates loses the tokens in its memory. */
async function signIn({ page }: Tab): Promise<void> {
  await page.evaluate(async () => {
    const userAgent = new window.latchkey.PopupUserAgent("relay.html");
    await window.auth.login({ userAgent });
  });
  await status(page, "authenticated");
}

/** How long the state is `loading` after `createAuth()`. Milliseconds. */
const loadingMs = (page: Page) =>
  page.evaluate(async () => {
    const begun = performance.now();
    while (window.auth.state.status === "loading") {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return performance.now() - begun;
  });

const stored = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        const opening = indexedDB.open("latchkey");
        opening.onsuccess = () => {
          const all = opening.result.transaction("entries/2").objectStore("entries/2").getAll();
          all.onsuccess = () => {
            opening.result.close();
            resolve(JSON.stringify(all.result));
          };
        };
      }),
  );

describe("memory mode", () => {
  test("B11: the only tab is anonymous at once after a reload", async () => {
    const tab = await open("memory");
    await signIn(tab);
    for (let loads = 0; loads < 3; loads++) {
      await reload(tab, "memory");
      // Asking other tabs would take two seconds.
      expect(await loadingMs(tab.page)).toBeLessThan(1_000);
      expect(await tab.page.evaluate(() => window.auth.state.status)).toBe("anonymous");
    }
    const begun = performance.now();
    expect(await getToken(tab.page)).toMatchObject({ code: "no_token" });
    expect(performance.now() - begun).toBeLessThan(1_900);
    expect(tab.errors).toEqual([]);
  });

  test("B11: a tab that reloads gets the tokens from another tab, and the last tab is anonymous at once", async () => {
    const [first, second] = [await open("memory"), await open("memory")];
    await signIn(first);
    await status(second.page, "authenticated");
    await reload(first, "memory");
    await status(first.page, "authenticated");
    expect(await getToken(first.page)).toEqual(await getToken(second.page));
    await first.page.close();
    await second.page.close();
    const last = await open("memory");
    expect(await loadingMs(last.page)).toBeLessThan(1_000);
    expect(await getToken(last.page)).toMatchObject({ code: "no_token" });
  });

  test("B9: an app that changes to it removes tokens from the disk, and the session stays", async () => {
    const tab = await open();
    await signIn(tab);
    const before = await getToken(tab.page);
    expect(await stored(tab.page)).toContain("refreshToken");
    await reload(tab, "memory");
    expect(await getToken(tab.page)).toEqual(before);
    await status(tab.page, "authenticated");
    expect(await stored(tab.page)).not.toMatch(/refreshToken|idToken":|"token"/);
    expect(await getToken(tab.page, "reload")).toHaveProperty("token");
    expect(await stored(tab.page)).not.toMatch(/refreshToken|idToken":|"token"/);
    expect(tab.errors).toEqual([]);
  });

  test("B9: tabs of both modes work side by side during a rollout, refresh, and lose no session", async () => {
    const [memory, device] = [await open("memory"), await open("device")];
    await signIn(memory);
    await status(device.page, "authenticated");
    provider.requests.length = 0;
    for (const { page } of [device, memory, device, memory]) {
      expect(await getToken(page, "reload")).toHaveProperty("token");
    }
    expect(provider.count("POST /token")).toBe(4);
    // The other tab gets the message about the last refresh a moment later.
    const newest = await getToken(memory.page);
    await expect.poll(() => getToken(device.page), { timeout: 10_000 }).toEqual(newest);
    await memory.page.close();
    await reload(device);
    expect(await getToken(device.page)).toHaveProperty("token");
    expect([...memory.errors, ...device.errors]).toEqual([]);
  });

  test("B9: an app that changes back keeps the session if a tab has the tokens, and is anonymous otherwise", async () => {
    const [first, second] = [await open("memory"), await open("memory")];
    await signIn(first);
    await status(second.page, "authenticated");
    await reload(second, "device");
    await status(second.page, "authenticated");
    await first.page.close();
    await reload(second, "device");
    await status(second.page, "authenticated");
    await second.page.close();

    const other = await browser.createBrowserContext();
    context = other;
    const alone = await open("memory");
    await signIn(alone);
    await reload(alone, "device");
    expect(await loadingMs(alone.page)).toBeLessThan(1_000);
    expect(await getToken(alone.page)).toMatchObject({ code: "no_token" });
    await signIn(alone);
    await reload(alone, "device");
    await status(alone.page, "authenticated");
    expect(alone.errors).toEqual([]);
  });
});

describe("the store", () => {
  test("A12: tabs that find a database without a store create the store, and a login reaches all of them", async () => {
    const blank = await openTab(context, `${site.origin}/bare/`);
    await blank.page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const opening = indexedDB.open("latchkey");
          opening.onsuccess = () => {
            opening.result.close();
            resolve();
          };
        }),
    );
    const tabs = await Promise.all([open(), open(), open()]);
    await Promise.all(tabs.map(({ page }) => status(page, "anonymous")));
    await signIn(tabs[0]);
    await Promise.all(tabs.map(({ page }) => status(page, "authenticated")));
    expect(tabs.flatMap(({ errors }) => errors)).toEqual([]);
  });
});

describe("the clock", () => {
  test("B12: corrected after the login, extends no token's lifetime, in this page and the next", async () => {
    const tab = await open();
    await tab.page.evaluate(() => localStorage.setItem("ahead", "240000"));
    await signIn(tab);
    const remainingMs = () =>
      tab.page.evaluate(async () => {
        await window.auth.getToken({ prompt: "none" });
        const { state } = window.auth;
        return state.status === "authenticated" ? state.token.expiresAt - Date.now() : NaN;
      });
    expect(await remainingMs()).toBeLessThanOrEqual(60_000);
    await tab.page.evaluate(() => localStorage.setItem("ahead", "0"));
    expect(await remainingMs()).toBeLessThanOrEqual(60_000);
    await reload(tab);
    expect(await remainingMs()).toBeLessThanOrEqual(60_000);
    expect(await getToken(tab.page)).toHaveProperty("token");
  });
});
