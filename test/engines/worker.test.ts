import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { note } from "../chaos/notes.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { until } from "../support/until.ts";
import type { EngineTab } from "./engine.ts";
import { launchFirefox } from "./firefox.ts";
import { beginToken, Life, outcome } from "./life.ts";
import { launchWebKit } from "./webkit.ts";

/** A tab goes away while the worker refreshes, at a server without leeway. Another tab keeps the worker alive. */

const ENGINES = { Firefox: launchFirefox, WebKit: launchWebKit };
/** The time from the send to the fault, and from the send to the response. Milliseconds. */
const FAULT_MS = 400;
const RESPONSE_MS = 2_000;

let site: BareSite;
let life: Life | undefined;

beforeAll(async () => {
  site = await startBareSite();
});
afterAll(() => site?.close());
afterEach(async () => {
  await life?.end();
  life = undefined;
});

/** Removes the tab's page. Returns the tab that asks for the token then. */
const LEAVINGS: Readonly<
  Record<string, (victim: EngineTab, other: EngineTab, life: Life) => Promise<EngineTab>>
> = {
  reloads: async (victim, _, life) => {
    await victim.reload();
    await life.create(victim);
    return victim;
  },
  "follows a link": async (victim, _, life) => {
    await victim.goto(`${site.origin}/bare/?next`);
    await life.create(victim);
    return victim;
  },
  "is closed": async (victim, other) => {
    await victim.close();
    return other;
  },
};

const cases = Object.keys(LEAVINGS).flatMap((name) =>
  ["the victim", "another tab"].map((maker) => ({ name, maker })),
);

describe.for(Object.entries(ENGINES))("%s", ([engine, launch]) => {
  test.for(cases)(
    "the session survives when a tab $name while the worker refreshes, and $maker made the worker",
    async ({ name, maker }) => {
      const begun = await Life.begin(launch, site, { worker: "auth", leewaySeconds: 0 });
      life = begun;
      const [first, second] = await begun.tabs(2);
      const [victim, other] = maker === "the victim" ? [first!, second!] : [second!, first!];
      const { tokenRequests } = begun.provider;
      tokenRequests.failNext({ delayResponseMs: RESPONSE_MS });
      await beginToken(victim);
      await until("a response", () => tokenRequests.refreshes[0]?.given !== undefined);
      await sleep(FAULT_MS);
      const asking = await LEAVINGS[name]!(victim, other, begun);
      await beginToken(asking);
      const result = await outcome(asking);
      note({ engine, scenario: `worker, a tab ${name}`, maker, lost: result.token ? 0 : 1 });
      expect(await begun.isGood(result)).toBe(true);
      expect(begun.counts()).toEqual({ requests: 1, duplicates: 0, revocations: 0 });
    },
  );
});
