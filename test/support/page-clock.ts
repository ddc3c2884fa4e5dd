import type { Page } from "puppeteer-core";

/** Moves the wall clock of the page by `ms` milliseconds, from its next load on. Several moves add up. */
export async function moveClock(page: Page, ms: number): Promise<void> {
  await page.evaluateOnNewDocument((ms) => {
    const now = Date.now;
    Date.now = () => now.call(Date) + ms;
  }, ms);
}
