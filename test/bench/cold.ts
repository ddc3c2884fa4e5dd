import type { Page } from "puppeteer-core";
import type { LoadSample } from "./page/sample.ts";
import type { Stage } from "./stage.ts";
import { median, type Measured } from "./statistics.ts";

/** Times of first tokens in milliseconds, from the start of the script and from the navigation. */
export interface ColdRounds {
  readonly fromScript: readonly Measured[];
  readonly fromNavigation: readonly Measured[];
}

const WARM_UP = 5;
const ROUNDS = 16;
// One load is not enough, because opening the database takes from 5 to 20 ms.
const LOADS = 10;

/** Loads two pages in turn in one tab: one gets its first token, the other reads the row once. Milliseconds. */
export async function measureCold({ context, token, read }: Stage): Promise<ColdRounds> {
  const page = await context.newPage();
  await loadInTurn(page, token, read, WARM_UP);
  const fromScript: Measured[] = [];
  const fromNavigation: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { tokens, reads } = await loadInTurn(page, token, read, LOADS);
    const both = (pick: (sample: LoadSample) => number): Measured => ({
      latchkey: median(tokens.map(pick)),
      baseline: median(reads.map(pick)),
    });
    fromScript.push(both((sample) => sample.fromScript));
    fromNavigation.push(both((sample) => sample.fromNavigation));
  }
  await page.close();
  return { fromScript, fromNavigation };
}

async function loadInTurn(
  page: Page,
  token: string,
  read: string,
  loads: number,
): Promise<{ tokens: readonly LoadSample[]; reads: readonly LoadSample[] }> {
  const tokens: LoadSample[] = [];
  const reads: LoadSample[] = [];
  for (let load = 0; load < loads; load++) {
    // Each page follows itself as often as the other page, so that effects of the page before cancel out.
    if (load % 2 === 0) tokens.push(await sample(page, token));
    reads.push(await sample(page, read));
    if (load % 2 === 1) tokens.push(await sample(page, token));
  }
  return { tokens, reads };
}

async function sample(page: Page, url: string): Promise<LoadSample> {
  await page.goto(url);
  return page.evaluate(() => window.sample);
}
