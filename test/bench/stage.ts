import { fileURLToPath } from "node:url";
import type { BrowserContext } from "puppeteer-core";
import { launchBrowser } from "../support/browser.ts";
import { startBuiltDemo } from "../support/demo.ts";
import { chooseAtLogin } from "../support/login-page.ts";
import { CALLBACK } from "./page/client.ts";

/** A browser context with a valid stored session, and the URLs of the pages to measure. */
export interface Stage {
  readonly context: BrowserContext;
  readonly hot: string;
  readonly token: string;
  readonly read: string;
}

const NAMES = ["hot", "token", "read"] as const;

/** Runs `play` with the built demo and a session. Each page is a separate build with one script, as in an app. */
export async function onStage(play: (stage: Stage) => Promise<void>): Promise<void> {
  const pages = NAMES.map((name) => ({
    base: `/bench/${name}/`,
    root: fileURLToPath(new URL(`page/${name}`, import.meta.url)),
  }));
  const demo = await startBuiltDemo({ pages, redirectPaths: [CALLBACK] });
  try {
    // No token expires during the benchmark.
    demo.provider.setAccessTokenTtl(60 * 60);
    const browser = await launchBrowser();
    try {
      const context = await browser.createBrowserContext();
      const at = (name: (typeof NAMES)[number]): string => `${demo.origin}/bench/${name}/`;
      await signIn(context, at("token"));
      await play({ context, hot: at("hot"), token: at("token"), read: at("read") });
    } finally {
      await browser.close();
    }
  } finally {
    await demo.close();
  }
}

/** Logs in. A page without a session navigates to the login page by itself. */
async function signIn(context: BrowserContext, url: string): Promise<void> {
  const page = await context.newPage();
  // Not `goto()`, which would wait for a page that navigates away.
  await page.evaluate((url) => location.assign(url), url);
  await chooseAtLogin(page, "ada");
  await page.evaluate(() => window.sample);
  await page.close();
}
