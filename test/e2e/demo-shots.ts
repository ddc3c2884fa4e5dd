import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import {
  openTab,
  tabOpenedBy,
  waitForShown,
  waitForText,
  type Tab,
  type TabOptions,
} from "../support/browser.ts";
import { startBuiltDemo } from "../support/demo.ts";
import { answerRemember } from "../support/demo-users.ts";
import { cancelLogin, chooseAtLogin } from "../support/login-page.ts";
import { shootUsers } from "./demo-users-shots.ts";
import type { PictureSize } from "./ui-shots.ts";
import type { RunningDemo } from "../../demo/server/demo.ts";

interface Picture {
  readonly data: string;
  readonly width: number;
}

/** Browser windows in one picture, all drawn to the same scale. */
async function sideBySide(
  browser: Browser,
  pictures: readonly Picture[],
  path: `${string}.png`,
): Promise<void> {
  const page = await browser.newPage();
  const gaps = 24 * (pictures.length + 1);
  const total = pictures.reduce((sum, { width }) => sum + width, 0);
  await page.setViewport({ width: Math.min(1480, total + gaps), height: 200 });
  const frames = pictures.map(
    ({ data, width }) =>
      `<img style="flex:${width} 0 0;min-width:0" src="data:image/png;base64,${data}">`,
  );
  await page.setContent(
    `<style>body{margin:0;padding:24px;display:flex;align-items:flex-start;gap:24px;background:#8a8f98}</style>${frames.join("")}`,
  );
  await page.screenshot({ path, fullPage: true });
  await page.close();
}

/** A picture of the part of the page that is visible without scrolling. */
async function view(page: Page): Promise<Picture> {
  await page.bringToFront();
  const data = await page.screenshot({ encoding: "base64" });
  return { data, width: page.viewport()?.width ?? 0 };
}

async function picture(page: Page, path: `${string}.png`): Promise<void> {
  await page.bringToFront();
  // So that no element looks hovered.
  await page.mouse.move(0, 0);
  // In place of `fullPage`, which leaves out the gutter of the scrollbar.
  const viewport = page.viewport();
  if (viewport === null) throw new Error("the page has no viewport");
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewport({ ...viewport, height });
  await page.screenshot({ path });
  await page.setViewport(viewport);
}

/** A picture of two tabs, and a token that expires while both are open. */
async function shootTwoTabs(
  browser: Browser,
  demo: RunningDemo,
  path: `${string}.png`,
  options: TabOptions,
): Promise<Tab> {
  const context = await browser.createBrowserContext();
  demo.provider.setAccessTokenTtl(5);
  const first = await openTab(context, demo.url, options);
  await waitForShown(first.page, "#sign-in");
  await first.page.click("#sign-in-page");
  await chooseAtLogin(first.page, "ada");
  await waitForShown(first.page, "#sign-out");
  await answerRemember(first.page, "no");
  const second = await openTab(context, demo.url, options);
  await waitForShown(second.page, "#sign-out");
  demo.provider.setAccessTokenTtl(60);
  demo.provider.tokenRequests.reset();

  const pages = [first.page, second.page];
  for (const page of pages) await waitForText(page, "#activity", "token renewed");
  if (demo.provider.tokenRequests.refreshes.length !== 1)
    throw new Error("the picture would not show one refresh for two tabs");
  await sideBySide(browser, [await view(first.page), await view(second.page)], path);
  return second;
}

/** Pictures of the login window beside its page, and of failures of the window. */
async function shootWindow(
  browser: Browser,
  page: Page,
  at: (what: string) => `${string}.png`,
  options: TabOptions,
): Promise<void> {
  const context = page.browserContext();
  const popup = await tabOpenedBy(context, () => page.click("#sign-in"));
  await popup.setViewport({ width: Math.min(480, options.width ?? 480), height: 640 });
  await popup.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: options.dark === true ? "dark" : "light" },
  ]);
  await popup.waitForSelector("button[name=user]", { visible: true });
  await waitForShown(page, "#cancel");
  await sideBySide(browser, [await view(page), await view(popup)], at("2c-window"));
  await picture(page, at("2d-window-is-open"));

  await popup.close();
  await waitForShown(page, "#notice");
  await page.screenshot({ path: at("2e-window-closed") });
  await page.evaluate(() => {
    window.open = () => null;
  });
  await page.click("#sign-in");
  await waitForText(page, "#notice", "did not open");
  await page.screenshot({ path: at("2f-window-blocked") });

  const { page: late } = await openTab(context, undefined, { ...options, height: 640 });
  await late.setViewport({ width: Math.min(480, options.width ?? 480), height: 640 });
  await late.goto(new URL("/popup.html?code=c&state=s", page.url()).href);
  await picture(late, at("2g-window-responds"));
  await waitForShown(late, "#to-app");
  await picture(late, at("2h-window-too-late"));
  await late.close();
}

async function shoot(
  browser: Browser,
  demo: RunningDemo,
  folder: string,
  name: string,
  options: TabOptions,
): Promise<void> {
  const context = await browser.createBrowserContext();
  const at = (what: string): `${string}.png` => `${join(folder, what)}-${name}.png`;
  const { page } = await openTab(context, demo.url, options);

  await page.waitForSelector("#sign-in", { visible: true });
  await picture(page, at("1-signed-out"));

  await page.click("#sign-in-page");
  await page.waitForSelector("button[name=user]", { visible: true });
  await picture(page, at("2-login"));

  await cancelLogin(page);
  await waitForShown(page, "#notice");
  await page.screenshot({ path: at("2b-cancelled") });
  await shootWindow(browser, page, at, options);
  await context.close();

  const { page: signedIn } = await openTab(await browser.createBrowserContext(), demo.url, options);
  await waitForShown(signedIn, "#sign-in");
  const popup = await tabOpenedBy(signedIn.browserContext(), () => signedIn.click("#sign-in"));
  await chooseAtLogin(popup, "ada");
  await waitForShown(signedIn, "#sign-out");
  await signedIn.waitForSelector("latchkey-remember >>> [part=no]", { visible: true });
  await signedIn.screenshot({ path: at("3b-question") });
  await answerRemember(signedIn, "no");
  await signedIn.click("#call-api");
  await signedIn.waitForSelector("#api-answer:not([data-empty])");
  await picture(signedIn, at("3-signed-in"));
  await signedIn.browserContext().close();

  const { page: second } = await shootTwoTabs(browser, demo, at("5-two-tabs"), options);
  await picture(second, at("4-second-tab"));
  demo.provider.revokeGrants();
  await second.click("#renew");
  await waitForShown(second, "#sign-in-again");
  await picture(second, at("6-expired"));
  await second.browserContext().close();
  await shootUsers(browser, demo, picture, { folder, name, options });
}

/** Writes pictures of the demo to `folder`. The name of each picture says what it shows. */
export async function shootDemo(
  browser: Browser,
  folder: string,
  sizes: readonly PictureSize[],
): Promise<void> {
  const demo = await startBuiltDemo();
  try {
    for (const { width, dark } of sizes) {
      await shoot(browser, demo, folder, `${width}-${dark ? "dark" : "light"}`, {
        width,
        height: width === 360 ? 740 : 800,
        dark,
      });
    }
  } finally {
    await demo.close();
  }
}
