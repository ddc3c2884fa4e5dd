import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Fault } from "../../demo/server/token-requests.ts";
import { getToken } from "../support/bare-page.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { launchBrowser } from "../support/browser.ts";
import { FAULTS } from "./faults.ts";
import { Lane } from "./lane.ts";
import { note } from "./notes.ts";
import { reach } from "./stages.ts";
import { CHANNELS, isReal, patience, TIMING } from "./timing.ts";
import { World, type WorldConfig } from "./world.ts";

/** A server that is slow, unreachable, or without a reuse leeway. */

/** Without Web Locks, an owner that is frozen or hangs counts as gone. */
const STRICT = CHANNELS.filter((channels) => channels !== "messages alone");
const STRICTLY: WorldConfig = {
  leewaySeconds: 0,
  reuseLeewayMs: 0,
  timing: { patienceMs: TIMING.takeoverMs + 1_000 },
};

let site: BareSite;
let browser: Browser;

beforeAll(async () => {
  [site, browser] = await Promise.all([startBareSite(), launchBrowser()]);
});
afterAll(async () => {
  const all = [...lanes.values(), ...strictLanes.values()];
  await Promise.all(all.map((lane) => lane.close()));
  await browser?.close();
  await site?.close();
});

const lanes = new Map(CHANNELS.map((channels) => [channels, new Lane({ channels })]));
const strictLanes = new Map(
  STRICT.map((channels) => [channels, new Lane({ channels, ...STRICTLY })]),
);

const faults: readonly Fault[] = [
  { delayMs: isReal ? 10_000 : 1_300 },
  { lose: "request" },
  { lose: "response" },
];
const meetings = faults.flatMap((fault) => CHANNELS.map((channels) => ({ fault, channels })));

test.concurrent.for(meetings)(
  "a refresh that meets $fault gives every tab the same token, by $channels",
  ({ fault, channels }) =>
    lanes.get(channels)!.run(site, browser, async (world, tabs) => {
      const sentBefore = await sends(tabs);
      const before = world.counts();
      world.provider.tokenRequests.failNext(fault);
      const begun = performance.now();
      const responses = await Promise.all(tabs.map((page) => getToken(page)));
      const ms = Math.round(performance.now() - begun);
      const sent = (await sends(tabs)) - sentBefore;
      const { requests, duplicates, revocations } = world.since(before);
      note({ scenario: fault.lose ? `lost ${fault.lose}` : "slow", channels, ms, sent, requests });
      expect(new Set(responses.map(({ token }) => token)).size).toBe(1);
      expect(await world.isGood(responses[0]!)).toBe(true);
      // A browser repeats a request whose connection closed before the response, so the server may count more than the tabs.
      expect(sent).toBeLessThanOrEqual(fault.lose ? 2 : 1);
      expect(requests).toBeGreaterThanOrEqual(fault.lose ? 2 : 1);
      expect(duplicates).toBe(requests - 1);
      expect(revocations).toBe(0);
      return tabs;
    }),
);

/** How often these tabs sent a refresh token, as the tabs count. */
async function sends(tabs: readonly Page[]): Promise<number> {
  const counts = await Promise.all(tabs.map((page) => page.evaluate(() => window.sabotage.sends)));
  return counts.reduce((sum, count) => sum + count, 0);
}

const holders = ["is frozen", "hangs"].flatMap((name) =>
  STRICT.map((channels) => ({ name, channels })),
);

test.concurrent.for(holders)(
  "an owner that $name is not taken over at a server without leeway, by $channels",
  ({ name, channels }) =>
    strictLanes.get(channels)!.run(site, browser, async (world, tabs) => {
      const [first, owner, other] = tabs as [Page, Page, Page];
      const before = world.counts();
      const once = { requests: 1, duplicates: 0, revocations: 0 };
      const { waiting } = await reach(world, owner, [first, other], "in flight");
      const undo = await FAULTS[name]!.strike(owner, first);
      const late = expect.objectContaining({ code: "timeout", pending: true });
      expect(await waiting).toEqual([late, late]);
      expect(world.since(before)).toEqual(once);
      const begun = performance.now();
      await undo!();
      const responses = await Promise.all(tabs.map((page) => getToken(page)));
      const ms = Math.round(performance.now() - begun);
      note({ scenario: `${name}, no leeway`, channels, ms });
      expect(new Set(responses.map(({ token }) => token)).size).toBe(1);
      expect(await world.isGood(responses[0]!)).toBe(true);
      expect(world.since(before)).toEqual(once);
      return tabs;
    }),
);

const crowds = CHANNELS.flatMap((channels) =>
  (isReal ? [10, 50] : [10]).map((count) => ({ count, channels })),
);

test.concurrent.for(crowds)(
  "when one of $count tabs crashes with the response in flight, one other tab sends again, by $channels",
  async ({ count, channels }) => {
    const world = await World.create(site, await browser.createBrowserContext(), { channels });
    const [first, owner, ...rest] = await world.signIn(count);
    await world.expire([first!, owner!, ...rest]);
    const { waiting } = await reach(world, owner!, [first!, ...rest], "in flight");
    const begun = performance.now();
    await FAULTS["crashes"]!.strike(owner!, first!);
    const responses = await waiting;
    const ms = Math.round(performance.now() - begun);
    note({ scenario: "crowd", channels, count, ms });
    expect(new Set(responses.map(({ token }) => token)).size).toBe(1);
    expect(ms).toBeLessThan(patience("gone", channels));
    expect(world.counts()).toEqual({ requests: 2, duplicates: 1, revocations: 0 });
    await world.expectAlive(first!);
    await world.close();
  },
);
