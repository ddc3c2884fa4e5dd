import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import type { RunningDemo } from "../../demo/server/demo.ts";
import { openTab, waitForShown, waitForText, type TabOptions } from "../support/browser.ts";
import { chooseAtLogin } from "../support/login-page.ts";
import { act, rememberUsers, logoutAll } from "../support/demo-users.ts";

/** The demo's pictures of several users: the list, the picker, React, and the television with a phone. */
export async function shootUsers(
  browser: Browser,
  demo: RunningDemo,
  picture: (page: Page, path: `${string}.png`) => Promise<void>,
  { folder, name, options }: { folder: string; name: string; options: TabOptions },
): Promise<void> {
  const at = (what: string): `${string}.png` => `${join(folder, what)}-${name}.png`;
  const context = await browser.createBrowserContext();
  const { page } = await openTab(context, demo.url, options);
  await rememberUsers(page, "ada", "linus", "grace");
  await act(page, "linus", "logout");
  await waitForShown(page, "[data-sub=linus] [data-do=signIn]");
  await picture(page, at("7-users"));
  await page.click("#choose-account");
  await page.waitForSelector("latchkey-users >>> .user", { visible: true });
  await page.screenshot({ path: at("7b-picker") });
  await page.keyboard.press("Escape");
  await act(page, "linus", "forget");
  await page.screenshot({ path: at("7d-forget") });
  await page.keyboard.press("Escape");

  const { page: react } = await openTab(context, `${demo.url}react`, options);
  await waitForShown(react, "#user-name");
  await picture(react, at("8-react"));
  await react.click("latchkey-button >>> .face");
  await page.bringToFront();
  await logoutAll(page);
  await picture(page, at("7c-all-signed-out"));
  await waitForShown(react, "#hero-title");
  await picture(react, at("8b-react-signed-out"));

  const { page: tv } = await openTab(context, `${demo.url}tv`, options);
  await waitForShown(tv, "#tv-sign-in");
  await picture(tv, at("9-tv"));
  await tv.click("#tv-sign-in");
  await tv.waitForSelector("latchkey-device >>> .qr svg", { visible: true });
  await tv.screenshot({ path: at("9b-tv-code") });
  const link = await tv.$eval("latchkey-device >>> a", (a) => a.href);
  const { page: phone } = await openTab(context, new URL("/device", link).href, options);
  await picture(phone, at("9c-phone-code"));
  await phone.goto(link);
  await waitForShown(phone, "button[autofocus]");
  await picture(phone, at("9d-phone-confirm"));
  await Promise.all([phone.waitForNavigation(), phone.click("button[autofocus]")]);
  await chooseAtLogin(phone, "grace");
  await waitForText(phone, "h1", "connected");
  await picture(phone, at("9e-phone-connected"));
  await tv.bringToFront();
  await waitForText(tv, "#tv-title", "Good evening, ");
  await tv.reload();
  await waitForText(tv, "#tv-title", "Good evening, ");
  await picture(tv, at("9f-tv-signed-in"));
  await context.close();
}
