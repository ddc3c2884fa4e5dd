import { openTab } from "../support/browser.ts";
import type { HotRounds } from "./page/hot/rounds.ts";
import type { Stage } from "./stage.ts";

/** Measures calls while a valid token is in memory. Nanoseconds. */
export async function measureHot({ context, hot }: Stage): Promise<HotRounds> {
  const { page } = await openTab(context, hot);
  const rounds = await page.evaluate(() => window.hot);
  await page.close();
  return rounds;
}
