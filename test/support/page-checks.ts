import type { Page } from "puppeteer-core";
import { expect } from "vitest";
import { accessibilityProblems } from "./accessibility.ts";

/** How much of the page jumped since it loaded. */
export function jumps(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list) => {
          resolve(
            list
              .getEntries()
              .reduce((sum, entry) => sum + (entry as unknown as { value: number }).value, 0),
          );
        }).observe({ type: "layout-shift", buffered: true });
        setTimeout(() => resolve(0), 300);
      }),
  );
}

/** Nothing is inaccessible, sticks out or jumped. */
export async function expectGoodPage(page: Page): Promise<void> {
  await page.bringToFront();
  expect(await accessibilityProblems(page)).toEqual([]);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - window.innerWidth,
  );
  expect(overflow).toBeLessThanOrEqual(0);
  expect(await jumps(page)).toBeLessThan(0.02);
}

export const LOOKS = [
  { width: 360, dark: false },
  { width: 360, dark: true },
  { width: 1280, dark: false },
  { width: 1280, dark: true },
];
