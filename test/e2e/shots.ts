import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import {
  launchBrowser,
  openTab,
  waitForShown,
  waitForText,
  type Tab,
  type TabOptions,
} from "../support/browser.ts";
import { startBuiltDemo } from "../support/demo.ts";
import { cancelLogin, chooseAtLogin } from "../support/login-page.ts";
import type { RunningDemo } from "../../demo/server/demo.ts";

/** Two browser windows in one picture. */
async function sideBySide(
  browser: Browser,
  pictures: readonly string[],
  path: `${string}.png`,
): Promise<void> {
  const page = await browser.newPage();
  await page.setViewport({ width: 1480, height: 200 });
  const frames = pictures.map((data) => `<img src="data:image/png;base64,${data}">`).join("");
  await page.setContent(
    `<style>body{margin:0;padding:24px;display:flex;align-items:flex-start;gap:24px;background:#8a8f98}img{width:calc(50% - 12px)}</style>${frames}`,
  );
  await page.screenshot({ path, fullPage: true });
  await page.close();
}

async function picture(page: Page, path: `${string}.png`): Promise<void> {
  await page.bringToFront();
  // In place of `fullPage`, which leaves out the gutter of the scrollbar.
  const viewport = page.viewport();
  if (viewport === null) throw new Error("the page has no viewport");
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewport({ ...viewport, height });
  await page.screenshot({ path });
  await page.setViewport(viewport);
}

/** Two tabs, and a token that runs out while both are open. */
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
  await first.page.click("#sign-in");
  await chooseAtLogin(first.page, "ada");
  await waitForShown(first.page, "#sign-out");
  const second = await openTab(context, demo.url, options);
  await waitForShown(second.page, "#sign-out");
  demo.provider.setAccessTokenTtl(60);
  demo.provider.tokenRequests.reset();

  const pages = [first.page, second.page];
  for (const page of pages) await waitForText(page, "#activity", "token refreshed");
  if (demo.provider.tokenRequests.refreshes.length !== 1)
    throw new Error("the picture would not show one refresh for two tabs");
  const pictures: string[] = [];
  for (const page of pages) {
    await page.bringToFront();
    pictures.push(await page.screenshot({ encoding: "base64" }));
  }
  await sideBySide(browser, pictures, path);
  return second;
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

  await page.click("#sign-in");
  await page.waitForSelector("button[name=person]", { visible: true });
  await picture(page, at("2-login"));

  await cancelLogin(page);
  await waitForShown(page, "#notice");
  await picture(page, at("2b-cancelled"));
  await page.click("#sign-in");
  await chooseAtLogin(page, "ada");
  await page.waitForSelector("#sign-out", { visible: true });
  await page.click("#call-api");
  await page.waitForSelector("#api-answer:not([data-empty])");
  await picture(page, at("3-signed-in"));

  await context.close();

  const { page: second } = await shootTwoTabs(browser, demo, at("5-two-tabs"), options);
  await picture(second, at("4-second-tab"));
  demo.provider.revokeGrants();
  await second.click("#renew");
  await waitForShown(second, "#sign-in-again");
  await picture(second, at("6-expired"));
  await second.browserContext().close();
}

async function main(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const [demo, browser] = await Promise.all([startBuiltDemo(), launchBrowser()]);
  try {
    for (const width of [360, 1280]) {
      for (const dark of [false, true]) {
        const height = width === 360 ? 740 : 800;
        await shoot(browser, demo, folder, `${width}-${dark ? "dark" : "light"}`, {
          width,
          height,
          dark,
        });
      }
    }
  } finally {
    await browser.close();
    await demo.close();
  }
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write("Usage: npx tsx test/e2e/shots.ts <folder>\n");
  process.exitCode = 2;
} else {
  main(folder).catch((error: unknown) => {
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = 1;
  });
}
