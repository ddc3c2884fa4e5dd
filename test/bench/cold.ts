import type { Page } from "puppeteer-core";
import type { LoadSample } from "./page/sample.ts";
import type { Stage } from "./stage.ts";
import { median, type Measured } from "./statistics.ts";

export interface ColdRounds {
  readonly fromScript: readonly Measured[];
  readonly fromNavigation: readonly Measured[];
}

const WARM_UP = 5;
const ROUNDS = 16;
// A single load says little: opening the database takes from five milliseconds to twenty.
const LOADS = 10;

/** Page loads in one tab, in turn: the first token of one page, one bare read in the next. Milliseconds. */
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
    // Each comes after itself as often as after the other: what the page before leaves behind is shared out.
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
