import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { RunningDemo } from "../../demo/server/demo.ts";
import type { DeviceCode, DeviceStatus } from "../../src/parts.ts";
import { askApi, expireToken, getToken, status } from "../support/bare-page.ts";
import { launchBrowser, openTab, type Tab } from "../support/browser.ts";
import { startBuiltDemo } from "../support/demo.ts";
import { decide } from "../support/device-person.ts";
import { chooseAtLogin } from "../support/login-page.ts";
import { until } from "../support/until.ts";

/** Device logins in tabs of a real browser, at the embedded provider. */

declare global {
  interface Window {
    /** All codes that this page has shown. */
    codes: (DeviceCode & { statuses: DeviceStatus[] })[];
  }
}

let demo: RunningDemo;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  const options = { deviceIntervalSeconds: 1, accessTokenTtlSeconds: 60 };
  [demo, browser] = await Promise.all([startBuiltDemo(options), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await demo?.close();
});
beforeEach(async () => {
  context = await browser.createBrowserContext();
});
afterEach(async () => {
  await context.close();
});

async function open(): Promise<Tab> {
  const tab = await openTab(context, `${demo.origin}/bare/`);
  await create(tab.page);
  return tab;
}

/** Creates `window.auth` with a `DeviceCodeGrant`. */
async function create(page: Page): Promise<void> {
  await page.evaluate((issuer) => {
    const { createAuth, DeviceCodeGrant, RefreshGrant } = window.latchkey;
    window.codes = [];
    window.auth = createAuth({
      issuer,
      clientId: "latchkey-demo",
      redirectUri: "/bare/callback",
      grant: (parts) =>
        new RefreshGrant(
          new DeviceCodeGrant(parts.server, {
            ...parts,
            prompt: {
              showCode: (code, { subscribe }) => {
                const statuses: DeviceStatus[] = [];
                window.codes.push({ ...code, statuses });
                subscribe((status) => statuses.push(status));
              },
            },
          }),
          parts,
        ),
    });
  }, demo.issuer);
}

/** Calls `getToken()` or `login()` now. Tests await the result later. */
function begin(page: Page, call: "getToken" | "login"): Promise<string> {
  const response = page.evaluate(
    (call) =>
      window.auth[call]().then(
        (value) => (typeof value === "string" ? value : value.sub),
        (error: unknown) => (error as { code: string }).code,
      ),
    call,
  );
  response.catch(() => {});
  return response;
}

async function shownIn(page: Page): Promise<DeviceCode> {
  await page.waitForFunction(() => window.codes.length > 0, { polling: 20 });
  return (await codesOf(page))[0]!;
}

const codesOf = (page: Page) => page.evaluate(() => window.codes);

/** Polls after the first `begin` requests. */
const pollsSince = (begin: number) =>
  demo.provider.tokenRequests.log
    .slice(begin)
    .filter(({ grantType }) => grantType?.endsWith("device_code"));

const approve = ({ verificationUri, userCode }: DeviceCode) =>
  decide(verificationUri, userCode, { approveAs: "ada" });

/** The pending device logins in the database. */
const pending = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<unknown[]>((resolve, reject) => {
        const opening = indexedDB.open("latchkey");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const database = opening.result;
          const range = IDBKeyRange.bound("device/", "device/\uffff");
          const reading = database.transaction("entries/2").objectStore("entries/2").getAll(range);
          reading.onsuccess = () => {
            database.close();
            resolve(reading.result);
          };
        };
      }),
  );

describe("getToken() of a visible page", () => {
  test("shows a code, and returns a token that works once the user has agreed on a phone", async () => {
    const tab = await open();
    const token = begin(tab.page, "getToken");
    const { verificationUriComplete } = await shownIn(tab.page);
    expect(await tab.page.evaluate(() => window.auth.state.status)).toBe("authenticating");
    const phone = await browser.createBrowserContext();
    const { page } = await openTab(phone, verificationUriComplete);
    const yes = await page.waitForSelector("button[autofocus]");
    await Promise.all([page.waitForNavigation(), yes!.click()]);
    await chooseAtLogin(page, "grace");
    await page.waitForFunction(() => document.body.innerText.includes("connected"));
    await phone.close();
    expect(await askApi(demo, await token)).toBe(200);
    await status(tab.page, "authenticated");
    expect((await codesOf(tab.page)).map(({ statuses }) => statuses)).toEqual([
      ["waiting", "approved"],
    ]);
    await expect.poll(() => pending(tab.page)).toEqual([]);
    expect(tab.page.url()).toBe(`${demo.origin}/bare/`);
    // The browser's console shows the provider's responses to early polls as errors.
    expect(tab.errors.filter((line) => !line.includes("400"))).toEqual([]);
  });

  test("continues after a reload with the same code, and its token is refreshed without the user", async () => {
    demo.provider.setAccessTokenTtl(2);
    const tab = await open();
    void begin(tab.page, "getToken");
    const before = await shownIn(tab.page);
    await tab.page.reload();
    await create(tab.page);
    const token = begin(tab.page, "getToken");
    const after = await shownIn(tab.page);
    expect(after).toMatchObject({ userCode: before.userCode, expiresAt: before.expiresAt });
    await approve(after);
    expect(await askApi(demo, await token)).toBe(200);
    await expireToken(tab.page);
    demo.provider.setAccessTokenTtl(60);
    expect(await askApi(demo, (await getToken(tab.page)).token)).toBe(200);
    expect(await codesOf(tab.page)).toHaveLength(1);
  });

  test("rejects when the user declines, and does not show another code by itself", async () => {
    const tab = await open();
    const token = begin(tab.page, "getToken");
    const { verificationUri, userCode } = await shownIn(tab.page);
    await decide(verificationUri, userCode, "deny");
    expect(await token).toBe("device_code");
    const state = await tab.page.evaluate(() => JSON.stringify(window.auth.state));
    expect(JSON.parse(state)).toMatchObject({
      status: "anonymous",
      error: { code: "device_code", reason: "access_denied" },
    });
    expect(await begin(tab.page, "getToken")).toBe("no_token");
    expect(await codesOf(tab.page)).toHaveLength(1);
    await expect.poll(() => pending(tab.page)).toEqual([]);
  });

  test("rejects with a CORS hint when the device endpoint does not allow this origin", async () => {
    const tab = await open();
    await tab.page.setRequestInterception(true);
    tab.page.on("request", (request) => {
      const isDevice = new URL(request.url()).pathname === "/device/auth";
      // As a server for devices only: its response has no CORS headers.
      void (isDevice ? request.respond({ status: 200, body: "{}" }) : request.continue());
    });
    const error = await tab.page.evaluate(() =>
      window.auth
        .getToken()
        .catch(({ code, hint }: { code: string; hint: string }) => [code, hint]),
    );
    expect(error).toEqual(["network", expect.stringContaining("CORS")]);
    expect(await codesOf(tab.page)).toEqual([]);
  });
});

/** Expects one poll a second. On a busy machine, one poll can arrive late and the next one in time. */
function expectSlowPolls(polls: readonly { readonly at: number }[]): void {
  polls.slice(1).forEach(({ at }, n) => expect(at - polls[n]!.at).toBeGreaterThan(500));
}

describe("two tabs", () => {
  test("show one code, poll as one tab, and both get the session", async () => {
    const begun = demo.provider.tokenRequests.count;
    const [a, b] = [await open(), await open()];
    const first = begin(a.page, "login");
    const code = await shownIn(a.page);
    const second = begin(b.page, "login");
    expect(await shownIn(b.page)).toMatchObject({ userCode: code.userCode });
    await approve(code);
    expect(await Promise.all([first, second])).toEqual(["ada", "ada"]);
    await Promise.all([status(a.page, "authenticated"), status(b.page, "authenticated")]);
    const tokens = await Promise.all([getToken(a.page), getToken(b.page)]);
    expect(tokens[0]).toEqual(tokens[1]);
    expect(await askApi(demo, tokens[0].token)).toBe(200);
    const polls = pollsSince(begun);
    expect(polls.filter(({ status }) => status === 200)).toHaveLength(1);
    expectSlowPolls(polls);
    await expect.poll(() => pending(b.page)).toEqual([]);
  });

  test("keep the code and the poll interval when the tab that polls closes", async () => {
    const begun = demo.provider.tokenRequests.count;
    const [a, b] = [await open(), await open()];
    void begin(a.page, "login");
    const code = await shownIn(a.page);
    const second = begin(b.page, "login");
    await shownIn(b.page);
    await until("a poll", () => pollsSince(begun).length > 0);
    await a.page.close();
    const sofar = pollsSince(begun).length;
    await until("another poll", () => pollsSince(begun).length > sofar);
    await approve(code);
    expect(await second).toBe("ada");
    expect(await codesOf(b.page)).toMatchObject([
      { userCode: code.userCode, statuses: ["waiting", "approved"] },
    ]);
    const polls = pollsSince(begun);
    expectSlowPolls(polls);
    await expect.poll(() => pending(b.page)).toEqual([]);
  });
});
