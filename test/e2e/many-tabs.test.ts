import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningDemo } from "../../demo/server/demo.ts";
import { askApi, createBareAuth, status } from "../support/bare-page.ts";
import { launchBrowser, openTab } from "../support/browser.ts";
import { startBuiltDemo } from "../support/demo.ts";

/** Two to fifty tabs of one browser: logins, tokens and logouts reach every tab, and one tab sends the request for all. */

const TOKEN_S = 60;
/** After this time the token has expired. Milliseconds. */
const SLEEP_MS = (TOKEN_S + 1) * 1_000;

let demo: RunningDemo;
let browser: Browser;
let context: BrowserContext;
const tabs: Page[] = [];
let sleptMs = 0;

beforeAll(async () => {
  [demo, browser] = await Promise.all([startBuiltDemo({ autoLogin: true }), launchBrowser()]);
  demo.provider.setAccessTokenTtl(TOKEN_S);
  context = await browser.createBrowserContext();
});
afterAll(async () => {
  await browser?.close();
  await demo?.close();
});

/** Opens tabs until there are `count`. */
async function openUpTo(count: number, expected: "anonymous" | "authenticated"): Promise<void> {
  while (tabs.length < count) {
    const { page } = await openTab(context, `${demo.origin}/bare/`);
    await prepare(page);
    await createBareAuth(page, demo.issuer);
    await status(page, expected);
    tabs.push(page);
  }
}

/** Lets one message move the clocks of all tabs forward and make them request a token, at the same instant. */
function prepare(page: Page): Promise<void> {
  return page.evaluate((before) => {
    let sleptMs = before;
    const now = Date.now.bind(Date);
    Date.now = () => now() + sleptMs;
    new BroadcastChannel("test/wake").onmessage = ({ data }) => {
      sleptMs += data;
      window.woken = window.auth.getToken({ prompt: "none" });
      window.woken.catch(() => {});
    };
  }, sleptMs);
}

async function wakeAll(): Promise<readonly string[]> {
  sleptMs += SLEEP_MS;
  await tabs[0]!.evaluate((ms) => {
    new BroadcastChannel("test/wake").postMessage(ms);
  }, SLEEP_MS);
  return Promise.all(
    tabs.map(async (page) => {
      await page.waitForFunction(() => window.woken !== undefined, { polling: 20 });
      const token = await page.evaluate(() => window.woken!);
      await page.evaluate(() => {
        window.woken = undefined;
      });
      return token;
    }),
  );
}

/** Records the messages between the tabs. The returned function ends that and returns the messages. */
async function listen(): Promise<() => Promise<readonly string[]>> {
  const { page } = await openTab(context, `${demo.origin}/bare/`);
  await page.evaluate(
    (client) => {
      const received: string[] = [];
      window.received = received;
      new BroadcastChannel(`latchkey/2/${client}`).onmessage = ({ data }) => {
        received.push([data.type, data.what].filter(Boolean).join(" "));
      };
    },
    `${encodeURIComponent(demo.issuer)},latchkey-demo`,
  );
  return async () => {
    const received = await page.evaluate(() => window.received);
    await page.close();
    return received;
  };
}

const allShow = (wanted: Parameters<typeof status>[1]) =>
  Promise.all(tabs.map((page) => status(page, wanted)));

test("a login reaches every tab by one message", async () => {
  await openUpTo(5, "anonymous");
  const received = await listen();
  await tabs[0]!.evaluate(async () => {
    const userAgent = new window.latchkey.PopupUserAgent("relay.html");
    await window.auth.login({ loginHint: "ada", userAgent });
  });
  await allShow("authenticated");
  expect(await received()).toEqual(["user login"]);
});

test("a new token reaches every tab by one message", async () => {
  const received = await listen();
  await tabs[0]!.evaluate(() => window.auth.getToken({ cache: "reload" }));
  const generation = (page: Page) =>
    page.evaluate(() =>
      window.auth.state.status === "authenticated" ? window.auth.state.token.expiresAt : 0,
    );
  const newest = await generation(tabs[0]!);
  for (const page of tabs) await expect.poll(() => generation(page)).toBe(newest);
  // A claim only makes waiting tabs watch this attempt.
  expect((await received()).filter((what) => what !== "claim")).toEqual(["done"]);
});

test.for([2, 10, 20, 50])(
  "%i tabs that resume with an expired token send one request, five times in a row",
  { timeout: 180_000 },
  async (count) => {
    while (tabs.length > count) await tabs.pop()!.close();
    await openUpTo(count, "authenticated");
    for (let round = 0; round < 5; round++) {
      const before = demo.provider.tokenRequests.refreshes.length;
      const tokens = await wakeAll();
      expect(tokens).toHaveLength(count);
      expect(new Set(tokens).size).toBe(1);
      expect(await askApi(demo, tokens[0])).toBe(200);
      expect(demo.provider.tokenRequests.refreshes.length - before).toBe(1);
    }
    expect(demo.provider.tokenRequests.log.every((request) => request.status === 200)).toBe(true);
  },
);

test("a logout during a refresh reaches every tab by one message, and the response does not restore the session", async () => {
  const received = await listen();
  demo.provider.tokenRequests.failNext({ delayResponseMs: 1_500 });
  const refresh = tabs[1]!.evaluate(() =>
    window.auth.getToken({ cache: "reload", prompt: "none" }).then(
      () => "a token",
      (error) => error.code,
    ),
  );
  await expect.poll(() => demo.provider.tokenRequests.refreshes.at(-1)?.status).toBeUndefined();
  await tabs[0]!.evaluate(() => window.auth.logout({ endSession: "none" }));
  await allShow("anonymous");
  expect(await refresh).toBe("no_token");
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await allShow("anonymous");
  expect((await received()).filter((what) => what !== "claim")).toEqual(["user logout"]);
  const stored = await tabs[2]!.evaluate(
    () =>
      new Promise<string>((resolve) => {
        const opening = indexedDB.open("latchkey");
        opening.onsuccess = () => {
          const all = opening.result.transaction("entries/2").objectStore("entries/2").getAll();
          all.onsuccess = () => resolve(JSON.stringify(all.result));
        };
      }),
  );
  expect(stored).toContain("logged_out");
  expect(stored).not.toMatch(/refreshToken|idToken|"token":/);
});

declare global {
  interface Window {
    woken: Promise<string> | undefined;
    received: string[];
  }
}
