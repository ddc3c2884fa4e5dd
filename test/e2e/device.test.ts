import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { RunningDemo } from "../../demo/server/demo.ts";
import type { DeviceCode, DeviceStatus } from "../../src/index.ts";
import { askApi, expireToken, getToken, status } from "../support/bare-page.ts";
import { launchBrowser, openTab, type Tab } from "../support/browser.ts";
import { startBuiltDemo } from "../support/demo.ts";
import { decide } from "../support/device-person.ts";
import { chooseAtLogin } from "../support/login-page.ts";
import { until } from "../support/until.ts";

/** Device logins in tabs of a real browser, at the embedded provider. */

declare global {
  interface Window {
    /** What this page shows, or showed. */
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

/** `window.auth`, which signs in by device codes. */
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

/** Asks for a token, or a login; the answer is awaited later. */
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

/** Polls since `begin` was taken. */
const pollsSince = (begin: number) =>
  demo.provider.tokenRequests.log
    .slice(begin)
    .filter(({ grantType }) => grantType?.endsWith("device_code"));

const approve = ({ verificationUri, userCode }: DeviceCode) =>
  decide(verificationUri, userCode, { approveAs: "ada" });

/** What the database holds of device logins. */
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

describe("getToken() of a page that anybody can see", () => {
  test("shows a code; the person opens the link on a phone and agrees; the API takes the token", async () => {
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
    // What the provider answers while it waits is an error to the console.
    expect(tab.errors.filter((line) => !line.includes("400"))).toEqual([]);
  });

  test("goes on after a reload with the same code, and what it got is refreshed without a person", async () => {
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

  test("tells that the person said no, and asks no more by itself", async () => {
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

  test("says so when the device endpoint does not allow this origin", async () => {
    const tab = await open();
    await tab.page.setRequestInterception(true);
    tab.page.on("request", (request) => {
      const isDevice = new URL(request.url()).pathname === "/device/auth";
      // As a server that was made for devices: it answers, and knows nothing of origins.
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

describe("two tabs", () => {
  test("show one code and poll as one, and both have the session in the end", async () => {
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
    polls.slice(1).forEach(({ at }, n) => expect(at - polls[n]!.at).toBeGreaterThan(950));
    await expect.poll(() => pending(b.page)).toEqual([]);
  });

  test("the one that polls dies: the other goes on with the code, and no faster", async () => {
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
    polls.slice(1).forEach(({ at }, n) => expect(at - polls[n]!.at).toBeGreaterThan(950));
    await expect.poll(() => pending(b.page)).toEqual([]);
  });
});
