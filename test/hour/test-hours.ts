import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { simulateHour, type Hour, type HourOptions, type Scenario } from "./simulate-hour.ts";
import { bundleApp } from "./site.ts";

/** Registers a test for each scenario. All tests share a browser; each one has its own profile. */
export function testHours(
  title: string,
  scenarios: readonly Scenario[],
  options: HourOptions,
  report: (line: string) => void = () => {},
): void {
  describe.concurrent(title, () => {
    let browser: Browser;
    let app: string;
    beforeAll(async () => {
      [browser, app] = await Promise.all([
        launchBrowser({ args: ["--disable-features=BackForwardCache"] }),
        bundleApp(),
      ]);
    });
    afterAll(() => browser?.close());

    for (const scenario of scenarios) {
      test(scenario.title, async () => {
        const start = performance.now();
        const hour = await simulateHour(browser, app, scenario, options);
        const realS = Math.round((performance.now() - start) / 1_000);
        report(`${title}: ${scenario.title}: ${summary(hour)} (took ${realS} s)`);
        if (scenario.check) scenario.check(hour);
        else expectFew(hour, limitOf(scenario, options));
      });
    }
  });
}

/**
 * The marks of automatic logins are per tab. So each other window that a user can see may start two logins an hour, with two
 * requests each.
 */
function limitOf({ limit = 10 }: Scenario, { type, tabs }: HourOptions): number {
  return type === "window" ? limit + 4 * (tabs - 1) : limit;
}

function expectFew(hour: Hour, limit: number): void {
  expect(hour.requests.length, summary(hour)).toBeLessThanOrEqual(limit);
}

function summary({ requests, lengthMs }: Hour): string {
  const counts = new Map<string, number>();
  for (const { what } of requests) counts.set(what, (counts.get(what) ?? 0) + 1);
  const parts = [...counts].map(([what, count]) => `${count} ${what}`).join(", ");
  if (process.env["TIMES"])
    console.log(requests.map(({ what, atMs }) => `${what} ${atMs / 1000}`).join("\n"));
  return `${requests.length} requests in ${Math.round(lengthMs / 1_000)} s: ${parts}`;
}
