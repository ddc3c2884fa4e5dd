import { openTab } from "../support/browser.ts";
import type { Stage } from "./stage.ts";

const LOADS = 5;
const SETTLED_MS = 1_000;

/** The requests of a page with a valid stored session, without those of the page itself. One list per load. */
export async function countRequests({ context, token }: Stage): Promise<readonly string[][]> {
  const own = await ownRequests(token);
  const loads: string[][] = [];
  for (let load = 0; load < LOADS; load++) {
    const { page, requests } = await openTab(context, token);
    await page.evaluate(() => window.sample);
    // Requests that follow the token count, too.
    await page.waitForNetworkIdle({ idleTime: SETTLED_MS });
    loads.push(requests.lines.filter((line) => !own.has(line)));
    await page.close();
  }
  return loads;
}

/** The document and the files that it names. Read from the server, because chunks that load later add links to the page. */
async function ownRequests(url: string): Promise<ReadonlySet<string>> {
  const document = await (await fetch(url)).text();
  const named = [...document.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
  return new Set([url, ...named].map((path) => `GET ${new URL(path, url).href}`));
}
