import { openTab } from "../support/browser.ts";
import type { HotRounds } from "./page/hot/rounds.ts";
import type { Stage } from "./stage.ts";

/** Calls with a good token at hand. Nanoseconds. */
export async function measureHot({ context, hot }: Stage): Promise<HotRounds> {
  const { page } = await openTab(context, hot);
  const rounds = await page.evaluate(() => window.hot);
  await page.close();
  return rounds;
}
