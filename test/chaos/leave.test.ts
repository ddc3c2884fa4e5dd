import type { Browser, Page } from "puppeteer-core";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getToken } from "../support/bare-page.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser } from "../support/browser.ts";
import { until } from "../support/until.ts";
import { note } from "./notes.ts";
import { isReal } from "./timing.ts";
import { World } from "./world.ts";

/** The only tab reloads, or follows a link, while its refresh is in flight. */

const TRIES = isReal ? 50 : 4;
/** The delay of the request, and the delay of the response. Milliseconds. */
const WAY_MS = 100;

let site: BareSite;
let browser: Browser;

beforeAll(async () => {
  [site, browser] = await Promise.all([startBareSite(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

const LEAVE: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  reloads: (page) => page.reload(),
  "follows a link": (page) =>
    Promise.all([
      page.waitForNavigation(),
      page.evaluate(() => {
        const link = Object.assign(document.createElement("a"), { href: "?next" });
        document.body.append(link);
        link.click();
      }),
    ]),
};

const cases = Object.keys(LEAVE).flatMap((name) =>
  [0, 30].map((leewaySeconds) => ({ name, leewaySeconds })),
);

test.concurrent.for(cases)(
  "a tab that $name while it refreshes keeps its session if the server has a leeway (here $leewaySeconds s)",
  async ({ name, leewaySeconds }) => {
    const world = await World.create(site, await browser.createBrowserContext(), { leewaySeconds });
    const { tokenRequests } = world.provider;
    let [page] = await world.signIn(1);
    let lost = 0;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      await world.expire([page!]);
      const before = tokenRequests.refreshes.length;
      const arrived = tokenRequests.count;
      tokenRequests.failNext({ delayMs: WAY_MS, delayResponseMs: WAY_MS });
      await page!.evaluate(() => void window.auth.getToken({ prompt: "none" }).catch(() => {}));
      await until("a request", () => tokenRequests.count > arrived);
      // Spread evenly over both delays. In the first half the server has not processed the request.
      await sleep((2 * WAY_MS * (attempt + 0.5)) / TRIES);
      await LEAVE[name]!(page!);
      await world.create(page!);
      const response = await getToken(page!);
      if (response.token !== undefined) {
        expect(await world.isGood(response)).toBe(true);
        continue;
      }
      lost++;
      // The response with the new refresh token was lost, and the server received the old one again.
      expect(response).toMatchObject({ code: "refresh_token", reason: "lost_response" });
      const [first, again] = tokenRequests.refreshes.slice(before);
      expect(first!.given).toBeDefined();
      expect(again!.sent).toBe(first!.sent);
      await page!.close();
      [page] = await world.signIn(1);
    }
    note({ scenario: `loss when it ${name}`, leewaySeconds, sends: TRIES, lost });
    if (leewaySeconds > 0) expect(lost).toBe(0);
    await world.expire([page!]);
    expect(await world.isGood(await getToken(page!))).toBe(true);
    await world.close();
  },
);
