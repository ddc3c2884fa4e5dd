import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { RunningDemo } from "../../demo/server/demo.ts";
import {
  launchBrowser,
  openTab,
  tabOpenedBy,
  waitForShown,
  waitForText,
  type Tab,
} from "../support/browser.ts";
import { startBuiltDemo } from "../support/demo.ts";
import { act, answerRemember, rememberUsers, signInByWindow } from "../support/demo-users.ts";
import { cancelLogin } from "../support/login-page.ts";
import { expectGoodPage } from "../support/page-checks.ts";

/** The demo's page in React: the app's session by hooks. */

let demo: RunningDemo;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  [demo, browser] = await Promise.all([startBuiltDemo(), launchBrowser()]);
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

const open = (path: string, width = 1280): Promise<Tab> =>
  openTab(context, `${demo.url}${path}`, { width });

const isNow = (page: Page, name: string): Promise<void> => waitForText(page, "#user-name", name);

test("logs in, and shows the user, a token that is renewed, and the response of the API", async () => {
  demo.provider.setAccessTokenTtl(3);
  const { page, errors } = await open("react");
  await waitForShown(page, "#hero-title");
  await signInByWindow(page, "#content .primary", "ada");
  await isNow(page, "Ada Lovelace");
  demo.provider.setAccessTokenTtl(60);
  await answerRemember(page, "no");
  await waitForText(page, ".badge", "Ready");
  await page.click("#content .primary");
  await waitForText(page, ".answer", "200: Ada Lovelace");
  // The token is renewed by itself, before the app requests one.
  await page.waitForFunction(
    () => Number.parseInt(document.querySelector("#seconds-left")!.textContent) > 30,
    { polling: 50 },
  );
  // On a busy machine, the token of three seconds can expire on its way to the API. The request then gets a newer token.
  expect(errors.filter((line) => !/401 .*\/api\/me/.test(line))).toEqual([]);
});

test("says why a login did not work once, and in words", async () => {
  const { page } = await open("react");
  await waitForShown(page, "#hero-title");
  await cancelLogin(await tabOpenedBy(context, () => page.click("#content .primary")));
  await waitForText(page, ".lead", "You came back without choosing an account.");
  await page.waitForSelector("latchkey-button >>> .problem", { hidden: true });
});

test("shares the app's session and follows it, and each tab has its own user", async () => {
  const { page: app } = await open("");
  await rememberUsers(app, "ada", "grace");
  const { page } = await open("react");
  await isNow(page, "Grace Hopper");

  await act(app, "ada", "switchTo");
  await isNow(app, "Ada Lovelace");
  await page.bringToFront();
  await page.click("#content .primary");
  await waitForText(page, ".answer", "Grace Hopper");

  await page.click("latchkey-button >>> .face");
  const logout = await page.waitForSelector("latchkey-button >>> [part=sign-out]", {
    visible: true,
  });
  await logout!.click();
  await waitForShown(page, "#hero-title");
  expect(await app.$eval("#user-name", (name) => name.textContent)).toBe("Ada Lovelace");
});

test.each([360, 1280])(
  "at %i px, light and dark, the page is accessible, without overflow or layout shift",
  async (width) => {
    const { page, errors } = await open("react", width);
    await waitForShown(page, "#hero-title");
    await expectGoodPage(page);
    await signInByWindow(page, "#content .primary", "linus");
    await isNow(page, "Linus Pauling");
    await answerRemember(page, "no");
    await expectGoodPage(page);
    await page.reload();
    await isNow(page, "Linus Pauling");
    await expectGoodPage(page);
    expect(errors).toEqual([]);
  },
);
