import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { RunningDemo } from "../../demo/server/demo.ts";
import type { LoginOptions } from "../../src/index.ts";
import { askApi, createBareAuth, getToken, status } from "../support/bare-page.ts";
import { launchBrowser, openTab, tabOpenedBy, waitForText } from "../support/browser.ts";
import { startBuiltDemo } from "../support/demo.ts";
import { cancelLogin, chooseAtLogin } from "../support/login-page.ts";

/** Logins that do not navigate the page: in a popup and in a hidden frame, with the embedded provider. */

let demo: RunningDemo;
let cutting: RunningDemo;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  [demo, cutting, browser] = await Promise.all([
    startBuiltDemo({ autoLogin: true }),
    startBuiltDemo({ autoLogin: true, cutsOpener: true }),
    launchBrowser(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([demo?.close(), cutting?.close()]);
});
beforeEach(async () => {
  context = await browser.createBrowserContext();
});
afterEach(async () => {
  await context.close();
});

async function open(at: RunningDemo = demo): Promise<Page> {
  const { page } = await openTab(context, `${at.origin}/bare/`);
  await createBareAuth(page, at.issuer);
  await status(page, "anonymous");
  return page;
}

type Way = "PopupUserAgent" | "IframeUserAgent";
type Options = Pick<LoginOptions, "loginHint"> & { timeoutMs?: number };

/** Starts a login. `outcomeOf()` waits for its result. */
function begin(page: Page, way: Way, options: Options = {}): Promise<void> {
  return page.evaluate(
    (way, { timeoutMs, ...options }) => {
      const userAgent = new window.latchkey[way]("relay.html", timeoutMs ? { timeoutMs } : {});
      const leaving = new AbortController();
      window.leave = () => leaving.abort();
      window.outcome = window.auth.login({ ...options, userAgent, signal: leaving.signal }).then(
        ({ sub }) => ({ sub }),
        ({ name, code, error }) => ({ name, code, error }),
      );
    },
    way,
    options,
  );
}

const outcomeOf = (page: Page) => page.evaluate(() => window.outcome);

/** Starts a login in a popup. Returns the page of the popup. */
const beginPopup = (page: Page, options: Options = {}) =>
  tabOpenedBy(context, () => begin(page, "PopupUserAgent", options));

/** Headless browsers give every window the focus. */
const setFocus = (page: Page, isFocused: boolean) =>
  page.evaluate((isFocused) => {
    document.hasFocus = () => isFocused;
  }, isFocused);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const closed = (popup: Page) => expect.poll(() => popup.isClosed(), { timeout: 5_000 }).toBe(true);

describe("a popup", () => {
  test("logs in and closes, and the page does not navigate", async () => {
    const page = await open();
    const popup = await beginPopup(page);
    await status(page, "authenticating");
    await chooseAtLogin(popup, "ada");
    expect(await outcomeOf(page)).toEqual({ sub: "ada" });
    await closed(popup);
    await status(page, "authenticated");
    const { token } = await getToken(page);
    expect(await askApi(demo, token)).toBe(200);
    expect(page.url()).toBe(`${demo.origin}/bare/`);
  });

  test("delivers its response although the server's pages cut off its opener, and closes itself", async () => {
    const page = await open(cutting);
    await setFocus(page, false);
    const popup = await beginPopup(page);
    await popup.waitForSelector("button[name=user]");
    expect(await popup.evaluate(() => window.opener === null)).toBe(true);
    // Longer than the page waits for a window that seems closed.
    await pause(2_500);
    await chooseAtLogin(popup, "ada");
    expect(await outcomeOf(page)).toEqual({ sub: "ada" });
    await closed(popup);
  });

  test("that the user closes cancels the login, and the next login works", async () => {
    const page = await open();
    await setFocus(page, false);
    const popup = await beginPopup(page);
    await popup.waitForSelector("button[name=user]");
    await pause(500);
    await popup.close();
    const closedAt = Date.now();
    await setFocus(page, true);
    expect(await outcomeOf(page)).toMatchObject({ code: "cancelled" });
    expect(Date.now() - closedAt).toBeLessThan(5_000);
    await beginPopup(page, { loginHint: "ada" });
    expect(await outcomeOf(page)).toEqual({ sub: "ada" });
  });

  test("delivers its response although its opener is cut off while this page has the focus", async () => {
    const page = await open(cutting);
    const popup = await beginPopup(page);
    await popup.waitForSelector("button[name=user]");
    await pause(2_500);
    await chooseAtLogin(popup, "ada");
    expect(await outcomeOf(page)).toEqual({ sub: "ada" });
  });

  test("of an aborted login does not close the window of the next login", async () => {
    const page = await open();
    await beginPopup(page);
    const popup = await tabOpenedBy(context, async () => {
      await page.evaluate(() => window.leave());
      await begin(page, "PopupUserAgent");
    });
    await chooseAtLogin(popup, "grace");
    expect(await outcomeOf(page)).toEqual({ sub: "grace" });
  });

  test("whose opener is cut off cancels the login once the user has closed it and is back", async () => {
    const page = await open(cutting);
    await setFocus(page, false);
    const popup = await beginPopup(page);
    await popup.waitForSelector("button[name=user]");
    await pause(500);
    await popup.close();
    const closedAt = Date.now();
    await setFocus(page, true);
    expect(await outcomeOf(page)).toMatchObject({ code: "cancelled" });
    expect(Date.now() - closedAt).toBeGreaterThan(5_000);
  });

  test("in which the user cancels delivers the server's error", async () => {
    const page = await open();
    const popup = await beginPopup(page);
    await cancelLogin(popup);
    expect(await outcomeOf(page)).toMatchObject({ code: "authorization", error: "access_denied" });
    await closed(popup);
  });

  test("that the user ignores is closed after the timeout", async () => {
    const page = await open();
    const popup = await beginPopup(page, { timeoutMs: 700 });
    expect(await outcomeOf(page)).toMatchObject({ code: "timeout" });
    await closed(popup);
  });

  test("is closed when the page aborts the login", async () => {
    const page = await open();
    const popup = await beginPopup(page);
    await popup.waitForSelector("button[name=user]");
    await page.evaluate(() => window.leave());
    expect(await outcomeOf(page)).toMatchObject({ name: "AbortError" });
    await closed(popup);
    await status(page, "anonymous");
  });

  test("makes getToken() wait, and the page does not navigate", async () => {
    const page = await open();
    const popup = await beginPopup(page);
    const token = page.evaluate(() => window.auth.getToken());
    await chooseAtLogin(popup, "grace");
    expect(await askApi(demo, await token)).toBe(200);
    expect(page.url()).toBe(`${demo.origin}/bare/`);
  });

  test("that the browser blocks rejects at once", async () => {
    const blocking = await launchBrowser({ popupBlocking: true });
    try {
      const { page } = await openTab(blocking.defaultBrowserContext(), `${demo.origin}/bare/`);
      // Puppeteer's own evaluate() counts as a click, for five seconds.
      const session = await page.createCDPSession();
      const { result } = await session.send("Runtime.evaluate", {
        expression: `(async () => {
          const auth = latchkey.createAuth({
            issuer: ${JSON.stringify(demo.issuer)},
            clientId: "latchkey-demo",
            redirectUri: "/bare/callback",
          });
          const userAgent = new latchkey.PopupUserAgent("relay.html");
          return auth.login({ userAgent }).catch((error) => error.code);
        })()`,
        userGesture: false,
        awaitPromise: true,
        returnByValue: true,
      });
      expect(result.value).toBe("popup_blocked");
      expect(await blocking.pages()).toHaveLength(2);
    } finally {
      await blocking.close();
    }
  });

  test("whose opener is gone says so, and its URL is clean", async () => {
    const { page } = await openTab(context, `${demo.origin}/bare/relay.html?code=c&state=s`);
    await waitForText(page, "body", "No page waits for this response.");
    expect(page.url()).toBe(`${demo.origin}/bare/relay.html`);
  });
});

describe("a hidden frame", () => {
  test("C7: logs in a user who has a session at the server, in a sandboxed frame, without a login page or a navigation", async () => {
    const page = await open();
    await beginPopup(page, { loginHint: "ada" });
    await outcomeOf(page);
    await page.evaluate(() => window.auth.logout({ endSession: "none" }));
    await status(page, "anonymous");
    await begin(page, "IframeUserAgent");
    expect(await outcomeOf(page)).toEqual({ sub: "ada" });
    expect(await page.$("iframe")).toBeNull();
    expect(page.url()).toBe(`${demo.origin}/bare/`);
  });

  test("rejects with login_required after one request without a server session, and the state has no error", async () => {
    const page = await open();
    demo.provider.requests.length = 0;
    await begin(page, "IframeUserAgent");
    expect(await outcomeOf(page)).toMatchObject({ code: "authorization", error: "login_required" });
    expect(await page.evaluate(() => window.auth.state)).toMatchObject({ status: "anonymous" });
    expect(await page.$("iframe")).toBeNull();
    expect(demo.provider.requests.filter((request) => request === "GET /auth")).toHaveLength(1);
  });

  test("C7: that gets no response is sandboxed, times out, is removed and sends no second request", async () => {
    const page = await open();
    await page.setRequestInterception(true);
    let asked = 0;
    page.on("request", (request) => {
      if (new URL(request.url()).pathname === "/auth") {
        asked++;
        const body =
          "<form target=_top action=/evil></form><script>document.forms[0].submit()</script>";
        void request.respond({ status: 200, contentType: "text/html", body });
      } else {
        void request.continue();
      }
    });
    await begin(page, "IframeUserAgent", { timeoutMs: 1_500 });
    const frame = await page.waitForSelector("iframe[sandbox]");
    const sandbox = await frame!.evaluate((frame) => [...frame.sandbox]);
    expect(sandbox.sort()).toEqual(["allow-forms", "allow-same-origin", "allow-scripts"]);
    expect(await outcomeOf(page)).toMatchObject({ code: "timeout" });
    expect(await page.$("iframe")).toBeNull();
    expect(await page.evaluate(() => window.auth.state)).toMatchObject({ status: "anonymous" });
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1_000)));
    expect(asked).toBe(1);
    expect(page.url()).toBe(`${demo.origin}/bare/`);
  });
});

declare global {
  interface Window {
    outcome: Promise<Record<string, string>>;
    leave: () => void;
  }
}
