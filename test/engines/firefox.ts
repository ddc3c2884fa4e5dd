import { existsSync } from "node:fs";
import { launch, type Page } from "puppeteer-core";
import { kill } from "../support/browser.ts";
import type { Engine, EngineTab } from "./engine.ts";

const PLACES = [
  process.env["FIREFOX_PATH"],
  "/usr/bin/firefox-esr",
  "/usr/bin/firefox",
  "/Applications/Firefox.app/Contents/MacOS/firefox",
];

/** Starts Firefox with WebDriver BiDi. */
export async function launchFirefox(profile: string): Promise<Engine> {
  const executablePath = PLACES.find((path) => path && existsSync(path));
  if (!executablePath)
    throw new Error(
      "Firefox is missing. On Debian: apt-get install firefox-esr; elsewhere set $FIREFOX_PATH.",
    );
  const browser = await launch({
    browser: "firefox",
    executablePath,
    headless: true,
    userDataDir: profile,
  });
  return {
    open: async (url) => {
      const page = await browser.newPage();
      await page.goto(url);
      return tabOf(page);
    },
    kill: () => kill(browser),
    close: () => browser.close(),
  };
}

function tabOf(page: Page): EngineTab {
  return {
    run: (body) => page.evaluate(`(async () => { ${body} })()`) as never,
    goto: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    close: () => page.close(),
  };
}
