import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { getToken } from "../support/bare-page.ts";
import { launchBrowser } from "../support/browser.ts";
import { FAULTS } from "./faults.ts";
import { Lane } from "./lane.ts";
import { note } from "./notes.ts";
import { reach, STAGES } from "./stages.ts";
import { CHANNELS, patience } from "./timing.ts";

/** A fault hits the owner of an attempt while other tabs wait for its token. */

let site: BareSite;
let browser: Browser;

beforeAll(async () => {
  [site, browser] = await Promise.all([startBareSite(), launchBrowser()]);
});
/** One lane per kind of channels. The lanes run at the same time, each with its own tabs. */
const lanes = new Map(CHANNELS.map((channels) => [channels, new Lane({ channels })]));

afterAll(async () => {
  await Promise.all([...lanes.values()].map((lane) => lane.close()));
  await browser?.close();
  await site?.close();
});

const cases = STAGES.flatMap((stage) =>
  Object.keys(FAULTS).flatMap((name) => CHANNELS.map((channels) => ({ channels, name, stage }))),
);

test.concurrent.for(cases)(
  "the other tabs get one token when the owner $name while its attempt is $stage, by $channels",
  ({ channels, name, stage }) =>
    lanes.get(channels)!.run(site, browser, async (world, tabs) => {
      const fault = FAULTS[name]!;
      const [first, owner, ...rest] = tabs as [Page, Page, ...Page[]];
      const others = [first, ...rest];
      const before = world.counts();
      const since = () => world.since(before);

      const { waiting, wake } = await reach(world, owner, others, stage);
      const begun = performance.now();
      const undo = await fault.strike(owner, first);
      const responses = await waiting;
      const ms = Math.round(performance.now() - begun);
      note({ channels, stage, name, ms });

      // The server rotated, but no tab gets the response: only a second use of the same token helps.
      const lost = stage === "in flight" ? 1 : 0;
      const expected = { requests: 1 + lost, duplicates: lost, revocations: 0 };
      expect(since()).toEqual(expected);
      expect(new Set(responses.map(({ token }) => token)).size).toBe(1);
      expect(await world.isGood(responses[0]!)).toBe(true);
      expect(ms).toBeLessThan(patience(fault.owner, channels));

      if (!undo) return [first, await world.open(), ...rest];
      await undo();
      // A message evicts a page from the bfcache, and then the page loads again.
      const isLost = await owner.evaluate(() => window.auth === undefined);
      if (channels === "locks alone") expect(isLost).toBe(false);
      if (isLost) await world.create(owner);
      else await wake();
      // An owner that resumes does no harm.
      expect(await world.isGood(await getToken(owner))).toBe(true);
      expect(since()).toEqual(expected);
      return tabs;
    }),
);
