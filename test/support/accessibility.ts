import axe from "axe-core";
import type { Page } from "puppeteer-core";

const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Returns the problems that axe finds on the page, one per line. `colors`: contrast only, for a page with other colors. */
export async function accessibilityProblems(
  page: Page,
  of: "everything" | "colors" = "everything",
): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  return page.evaluate(
    async (runOnly) => {
      const { axe: inPage } = window as unknown as { axe: typeof axe };
      const { violations } = await inPage.run(document, {
        runOnly,
      });
      return violations.map(
        ({ id, help, nodes }) =>
          `${id}: ${help}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`,
      );
    },
    of === "colors" ? { type: "rule" as const, values: ["color-contrast"] } : STANDARDS,
  );
}
