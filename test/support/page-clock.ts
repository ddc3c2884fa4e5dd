import type { Page } from "puppeteer-core";

/** Moves the wall clock of the page, from its next load on. More than one move add up. */
export async function moveClock(page: Page, ms: number): Promise<void> {
  await page.evaluateOnNewDocument((ms) => {
    const now = Date.now;
    Date.now = () => now.call(Date) + ms;
  }, ms);
}
