import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { RunningDemo } from "../../demo/server/demo.ts";
import { launchBrowser, openTab, waitForShown, waitForText } from "../support/browser.ts";
import { startBuiltDemo } from "../support/demo.ts";
import { chooseAtLogin } from "../support/login-page.ts";
import { expectGoodPage } from "../support/page-checks.ts";

/** The demo's television, and a phone: a page in another browser profile. */

let demo: RunningDemo;
let browser: Browser;
let tvContext: BrowserContext;
let phoneContext: BrowserContext;

beforeAll(async () => {
  [demo, browser] = await Promise.all([
    startBuiltDemo({ deviceIntervalSeconds: 1 }),
    launchBrowser(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await demo?.close();
});
beforeEach(async () => {
  tvContext = await browser.createBrowserContext();
  phoneContext = await browser.createBrowserContext();
  demo.provider.setDeviceCodeTtl(600);
});
afterEach(async () => {
  await Promise.all([tvContext.close(), phoneContext.close()]);
});

async function turnOn(width = 1280): Promise<Page> {
  const { page } = await openTab(tvContext, `${demo.url}tv`, { width });
  await waitForShown(page, "#tv-sign-in");
  return page;
}

/** The code and the link that the television shows. */
async function codeOn(tv: Page): Promise<{ code: string; link: string }> {
  await tv.waitForSelector("latchkey-device >>> .qr svg", { visible: true });
  const code = await tv.$eval("latchkey-device >>> .code", (text) => text.textContent ?? "");
  const link = await tv.$eval("latchkey-device >>> a", (a) => a.href);
  return { code, link };
}

/** Types the code on the phone, as without a camera. */
async function enterCode(code: string, width = 360): Promise<Page> {
  const { page: phone } = await openTab(phoneContext, `${demo.issuer}/device`, { width });
  await phone.type("input[name=user_code]", code);
  await Promise.all([phone.waitForNavigation(), phone.click("button.primary")]);
  return phone;
}

const press = (page: Page, selector: string): Promise<unknown> =>
  Promise.all([page.waitForNavigation(), page.click(selector)]);

const statusOn = (tv: Page): Promise<string> =>
  tv.$eval("latchkey-device >>> [part=status]", (status) => status.textContent?.trim() ?? "");

describe("a television", () => {
  test("logs in with a phone that opens the link of its QR code", async () => {
    const tv = await turnOn();
    await tv.click("#tv-sign-in");
    const { code, link } = await codeOn(tv);

    // The QR code contains the link.
    const { page: phone } = await openTab(phoneContext, link, { width: 360 });
    await waitForText(phone, ".code", code);
    await waitForText(phone, ".lead", "Living-room TV");
    await press(phone, "button.primary");
    await chooseAtLogin(phone, "grace");
    await waitForText(phone, "h1", "Your device is connected");
    await waitForText(phone, ".lead", "Grace Hopper");

    await tv.bringToFront();
    await waitForText(tv, "#tv-title", "Good evening, Grace");
    await tv.reload();
    await waitForText(tv, "#tv-title", "Good evening, Grace");
    await tv.click("#tv-sign-out");
    await waitForShown(tv, "#tv-sign-in");
  });

  test("logs in with a phone on which a signed-in user types the code and only confirms", async () => {
    const { page: phone } = await openTab(phoneContext, demo.url, { width: 360 });
    await waitForShown(phone, "#sign-in-page");
    await phone.click("#sign-in-page");
    await chooseAtLogin(phone, "ada");

    const tv = await turnOn();
    await tv.click("#tv-sign-in");
    const { code } = await codeOn(tv);
    const verification = await enterCode(code.toLowerCase());
    await waitForText(verification, ".identity", "Ada Lovelace");
    await press(verification, "button.primary");
    await waitForText(verification, "h1", "Your device is connected");
    await tv.bringToFront();
    await waitForText(tv, "#tv-title", "Good evening, Ada");
  });

  test("shows the same code after a reload", async () => {
    const tv = await turnOn();
    await tv.click("#tv-sign-in");
    const before = await codeOn(tv);
    await tv.reload();
    expect(await codeOn(tv)).toEqual(before);
    const phone = await enterCode(before.code);
    await press(phone, "button.primary");
    await chooseAtLogin(phone, "linus");
    await tv.bringToFront();
    await waitForText(tv, "#tv-title", "Good evening, Linus");
  });

  test("shows that the user declined, and starts again with another code", async () => {
    const tv = await turnOn();
    await tv.click("#tv-sign-in");
    const { code } = await codeOn(tv);
    const phone = await enterCode(code);
    await press(phone, "button[name=abort]");
    await waitForText(phone, "h1", "The device stays signed out");

    await tv.bringToFront();
    await tv.waitForSelector("latchkey-device >>> .sign.bad", { visible: true });
    expect(await statusOn(tv)).toBe("The sign-in was declined");
    await tv.click("latchkey-device >>> [part=cancel]");
    await waitForText(tv, "#tv-text", "The request was declined on the other device.");
    await tv.click("#tv-sign-in");
    expect((await codeOn(tv)).code).not.toBe(code);
  });

  test("shows that its code has expired, and gets a new one", async () => {
    demo.provider.setDeviceCodeTtl(2);
    const tv = await turnOn();
    await tv.click("#tv-sign-in");
    const { code } = await codeOn(tv);
    await tv.waitForSelector("latchkey-device >>> .sign.bad", { visible: true });
    expect(await statusOn(tv)).toBe("The code has expired");
    demo.provider.setDeviceCodeTtl(600);
    await tv.keyboard.press("Escape");
    await waitForText(tv, "#tv-text", "The code expired");

    await tv.click("#tv-sign-in");
    const next = await codeOn(tv);
    expect(next.code).not.toBe(code);
    const phone = await enterCode(next.code);
    await press(phone, "button.primary");
    await chooseAtLogin(phone, "ada");
    await tv.bringToFront();
    await waitForText(tv, "#tv-title", "Good evening, Ada");
  });

  test("closes its dialog with Escape, and the focus is at the title", async () => {
    const tv = await turnOn();
    await tv.focus("#tv-sign-in");
    await tv.keyboard.press("Enter");
    await codeOn(tv);
    await tv.keyboard.press("Escape");
    await waitForShown(tv, "#tv-sign-in");
    await tv.waitForFunction(() => document.activeElement?.id === "tv-title", { polling: 20 });
  });
});

test.each([360, 1280])(
  "at %i px, light and dark, both devices are accessible, without overflow or layout shift",
  async (width) => {
    const tv = await turnOn(width);
    await expectGoodPage(tv);
    await tv.click("#tv-sign-in");
    const { code } = await codeOn(tv);
    await expectGoodPage(tv);

    const { page: phone } = await openTab(phoneContext, `${demo.issuer}/device`, { width });
    await expectGoodPage(phone);
    await phone.type("input[name=user_code]", "WRONG");
    await press(phone, "button.primary");
    await waitForText(phone, ".problem", "That code does not work");
    await expectGoodPage(phone);
    const confirm = await enterCode(code, width);
    await waitForText(confirm, "h1", "Is this your device?");
    await expectGoodPage(confirm);
    await press(confirm, "button.primary");
    await chooseAtLogin(confirm, "ada");
    await waitForText(confirm, "h1", "connected");
    await expectGoodPage(confirm);
    await tv.bringToFront();
    await waitForText(tv, "#tv-title", "Good evening, Ada");
    await tv.reload();
    await waitForText(tv, "#tv-title", "Good evening, Ada");
    await expectGoodPage(tv);
  },
);
