import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getToken, status } from "../support/bare-page.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser } from "../support/browser.ts";
import { FAULTS } from "./faults.ts";
import { note } from "./notes.ts";
import { reach } from "./stages.ts";
import { CHANNELS, patience } from "./timing.ts";
import { World } from "./world.ts";

/** Memory mode: no token is on the disk, and the tabs hand tokens to each other. */

let site: BareSite;
let browser: Browser;

beforeAll(async () => {
  [site, browser] = await Promise.all([startBareSite(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

const channels = CHANNELS.filter((channels) => channels !== "locks alone");

test.concurrent.for(channels)(
  "a new tab gets the session from another tab, and only one tab refreshes, by %s",
  async (channels) => {
    const world = await World.create(site, await browser.createBrowserContext(), {
      channels,
      persist: "memory",
    });
    const [first, second] = await world.signIn(2);
    expect(await getToken(second!)).toEqual(await getToken(first!));
    expect(world.counts().requests).toBe(0);
    const late = await world.open();
    await status(late, "authenticated");
    const tabs = [first!, second!, late];
    await world.expire(tabs);
    const begun = performance.now();
    const responses = await Promise.all(tabs.map((page) => getToken(page)));
    note({ scenario: "memory", channels, ms: Math.round(performance.now() - begun) });
    expect(new Set(responses.map(({ token }) => token)).size).toBe(1);
    expect(world.counts()).toEqual({ requests: 1, duplicates: 0, revocations: 0 });
    expect(await stored(late)).not.toMatch(/refreshToken|idToken|"token"/);
    await world.expectAlive(late);
    await world.close();
  },
);

test.concurrent.for(channels)(
  "the other tabs keep their tokens when an owner crashes, by %s",
  async (channels) => {
    const world = await World.create(site, await browser.createBrowserContext(), {
      channels,
      persist: "memory",
    });
    const [first, owner] = await world.signIn(2);
    await world.expire([first!, owner!]);
    const { waiting } = await reach(world, owner!, [first!], "in flight");
    const begun = performance.now();
    await FAULTS["crashes"]!.strike(owner!, first!);
    expect(await world.isGood((await waiting)[0]!)).toBe(true);
    const ms = Math.round(performance.now() - begun);
    note({ scenario: "memory, owner crashes", channels, ms });
    expect(ms).toBeLessThan(patience("gone", channels));
    expect(world.counts()).toEqual({ requests: 2, duplicates: 1, revocations: 0 });
    await world.expectAlive(first!);
    await world.close();
  },
);

/** Returns everything that IndexedDB stores, as text. */
function stored(page: Page): Promise<string> {
  return page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        const opening = indexedDB.open("latchkey");
        opening.onsuccess = () => {
          const all = opening.result.transaction("entries/2").objectStore("entries/2").getAll();
          all.onsuccess = () => {
            opening.result.close();
            resolve(JSON.stringify(all.result));
          };
        };
      }),
  );
}
