import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, beforeAll, afterAll } from "vitest";
import { getToken } from "../support/bare-page.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { kill, launchBrowser } from "../support/browser.ts";
import { note } from "./notes.ts";
import { reach, STAGES } from "./stages.ts";
import { CHANNELS, isReal, patience } from "./timing.ts";
import { World } from "./world.ts";

/** The browser is killed in the middle of a refresh, and started again with the same profile. */

let site: BareSite;

beforeAll(async () => {
  site = await startBareSite();
});
afterAll(() => site?.close());

const cases = STAGES.flatMap((stage) => CHANNELS.map((channels) => ({ stage, channels }))).filter(
  ({ stage, channels }) =>
    isReal ||
    channels === "locks and messages" ||
    (channels === "messages alone" && stage === "in flight"),
);

test.concurrent.for(cases)(
  "the session survives when the browser is killed while a refresh is $stage, by $channels",
  async ({ stage, channels }) => {
    const profile = mkdtempSync(join(tmpdir(), "latchkey-chaos-"));
    const before = await launchBrowser({ profile });
    const world = await World.create(site, before, { channels });
    try {
      const tabs = await world.signIn(1);
      await world.expire(tabs);
      await reach(world, tabs[0]!, [], stage);
      await kill(before);

      const after = await launchBrowser({ profile });
      world.moveTo(after);
      const page = await world.open();
      const begun = performance.now();
      expect(await world.isGood(await getToken(page))).toBe(true);
      const ms = Math.round(performance.now() - begun);
      note({ scenario: "kill -9", stage, channels, ms });
      expect(ms).toBeLessThan(patience("gone", channels));
      const lost = stage === "in flight" ? 1 : 0;
      expect(world.counts()).toEqual({ requests: 1 + lost, duplicates: lost, revocations: 0 });
      await world.expectAlive(page);
    } finally {
      await world.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  },
);
