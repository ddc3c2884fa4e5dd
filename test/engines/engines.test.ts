import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { note } from "../chaos/notes.ts";
import { startBareSite, type BareSite } from "../support/bare-site.ts";
import { until } from "../support/until.ts";
import type { EngineTab } from "./engine.ts";
import { launchFirefox } from "./firefox.ts";
import { beginToken, Life, outcome } from "./life.ts";
import { launchWebKit } from "./webkit.ts";

/** The lifecycle of tabs, which browsers implement differently. With the timing of production. */

const ENGINES = { Firefox: launchFirefox, WebKit: launchWebKit };
/** A drain, plus two seconds. Milliseconds. */
const BOUND_MS = 4_000;
const RESPONSE_MS = 8_000;

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

describe.for(Object.entries(ENGINES))("%s", ([engine, launch]) => {
  test.for([2, 10])("%i tabs that resume with an expired token send one request", async (count) => {
    life = await Life.begin(launch, site);
    const tabs = await life.tabs(count);
    for (const tab of tabs) {
      await tab.run(`new BroadcastChannel("wake").onmessage = () => {
        window.auth.getToken({ prompt: "none" }).then((token) => (window.outcome = { token }));
      }`);
    }
    const begun = performance.now();
    await beginToken(tabs[0]!);
    await tabs[0]!.run('new BroadcastChannel("wake").postMessage("")');
    const tokens = new Set<string | undefined>();
    for (const tab of tabs) tokens.add((await outcome(tab)).token);
    note({ engine, scenario: "wake", count, ms: Math.round(performance.now() - begun) });
    expect(tokens.size).toBe(1);
    expect(life.counts()).toEqual({ requests: 1, duplicates: 0, revocations: 0 });
    await life.expectAlive(tabs[0]!);
  });

  /** Starts a refresh of `owner` whose response is in flight while `other` waits. */
  async function refreshing(): Promise<{ life: Life; owner: EngineTab; other: EngineTab }> {
    const begun = await Life.begin(launch, site);
    life = begun;
    const [other, owner] = await begun.tabs(2);
    const { tokenRequests } = begun.provider;
    tokenRequests.failNext({ delayResponseMs: RESPONSE_MS });
    await beginToken(owner!);
    await until("a response", () => tokenRequests.refreshes[0]?.given !== undefined);
    await beginToken(other!);
    return { life: begun, owner: owner!, other: other! };
  }

  test("another tab follows a tab that is closed during a refresh", async () => {
    const { life, owner, other } = await refreshing();
    const begun = performance.now();
    await owner.close();
    expect(await life.isGood(await outcome(other))).toBe(true);
    const ms = Math.round(performance.now() - begun);
    note({ engine, scenario: "close", ms });
    expect(ms).toBeLessThan(BOUND_MS);
    expect(life.counts()).toEqual({ requests: 2, duplicates: 1, revocations: 0 });
    await life.expectAlive(other);
  });

  test("a tab that reloads during a refresh gets the same token as the other tabs", async () => {
    const { life, owner, other } = await refreshing();
    const begun = performance.now();
    await owner.reload();
    await life.create(owner);
    await beginToken(owner);
    const tokens = [await outcome(other), await outcome(owner)];
    const ms = Math.round(performance.now() - begun);
    note({ engine, scenario: "reload", ms });
    expect(await life.isGood(tokens[0]!)).toBe(true);
    expect(tokens[1]).toEqual(tokens[0]);
    expect(ms).toBeLessThan(BOUND_MS);
    expect(life.counts()).toEqual({ requests: 2, duplicates: 1, revocations: 0 });
    await life.expectAlive(other);
  });
});

test("Firefox keeps the session when it is killed during a refresh and started again", async () => {
  life = await Life.begin(launchFirefox, site);
  const [tab] = await life.tabs(1);
  const { tokenRequests } = life.provider;
  tokenRequests.failNext({ delayResponseMs: RESPONSE_MS });
  await beginToken(tab!);
  await until("a response", () => tokenRequests.refreshes[0]?.given !== undefined);
  await life.restart();
  const again = await life.open();
  const begun = performance.now();
  await beginToken(again);
  expect(await life.isGood(await outcome(again))).toBe(true);
  const ms = Math.round(performance.now() - begun);
  note({ engine: "Firefox", scenario: "kill -9", ms });
  expect(ms).toBeLessThan(BOUND_MS);
  expect(life.counts()).toEqual({ requests: 2, duplicates: 1, revocations: 0 });
  await life.expectAlive(again);
});
