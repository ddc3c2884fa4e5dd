import type { Page } from "puppeteer-core";
import { expect } from "vitest";
import { accessibilityProblems } from "./accessibility.ts";

/** Returns the layout shift score of the page since it loaded. `by: "itself"` ignores shifts after user input. */
export function jumps(page: Page, by: "all" | "itself" = "all"): Promise<number> {
  return page.evaluate(
    (by) =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list) => {
          const shifts = list.getEntries() as unknown as LayoutShift[];
          resolve(
            shifts
              .filter(({ hadRecentInput }) => by === "all" || !hadRecentInput)
              .reduce((sum, { value }) => sum + value, 0),
          );
        }).observe({ type: "layout-shift", buffered: true });
        setTimeout(() => resolve(0), 300);
      }),
    by,
  );
}

/** @see https://wicg.github.io/layout-instability/#sec-layout-shift */
interface LayoutShift {
  readonly value: number;
  readonly hadRecentInput: boolean;
}

/** Expects an accessible page without overflow, in light and dark, and without unexpected layout shifts. */
export async function expectGoodPage(page: Page): Promise<void> {
  await page.bringToFront();
  await show(page, "light");
  expect(await accessibilityProblems(page)).toEqual([]);
  await show(page, "dark");
  expect(await accessibilityProblems(page, "colors")).toEqual([]);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - window.innerWidth,
  );
  expect(overflow).toBeLessThanOrEqual(0);
  expect(await jumps(page, "itself")).toBeLessThan(0.02);
}

function show(page: Page, scheme: "light" | "dark"): Promise<void> {
  return page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: scheme },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
}
