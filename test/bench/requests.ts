import { openTab } from "../support/browser.ts";
import type { Stage } from "./stage.ts";

const LOADS = 5;
const SETTLED_MS = 1_000;

/** What a page with a good stored session asked for beside itself: one list for each load. */
export async function countRequests({ context, token }: Stage): Promise<readonly string[][]> {
  const own = await ownRequests(token);
  const loads: string[][] = [];
  for (let load = 0; load < LOADS; load++) {
    const { page, requests } = await openTab(context, token);
    await page.evaluate(() => window.sample);
    // What is fetched behind the token counts, too.
    await page.waitForNetworkIdle({ idleTime: SETTLED_MS });
    loads.push(requests.lines.filter((line) => !own.has(line)));
    await page.close();
  }
  return loads;
}

/** The document and what it names itself. As the server sends it: a chunk that is loaded later adds links of its own. */
async function ownRequests(url: string): Promise<ReadonlySet<string>> {
  const document = await (await fetch(url)).text();
  const named = [...document.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
  return new Set([url, ...named].map((path) => `GET ${new URL(path, url).href}`));
}
