import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { responseOf, expiredRow, DEFAULT_KEY } from "../refresh/tabs.ts";
import { remember, world, type World } from "./fixture.ts";

/** One simulated hour with five tabs and tokens with a lifetime of five minutes. */

const LIFETIME_MS = 300_000;
const HOUR_S = 3_600;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function fiveTabs(my: World) {
  const row = expiredRow();
  await remember(my, {
    ...row,
    access: {
      [DEFAULT_KEY]: { generation: 1, expiresAt: Date.now() + LIFETIME_MS, scope: ["openid"] },
    },
  });
  let n = 1;
  my.response = async () => responseOf(++n, { expiresAt: Date.now() + LIFETIME_MS });
  const tabs = Array.from({ length: 5 }, () => my.tab());
  for (const tab of tabs) tab.start();
  return tabs;
}

test(
  "an hour with a call per tab and second takes at most 14 requests, and each call gets a valid token",
  { timeout: 120_000 },
  async () => {
    const my = world();
    const tabs = await fiveTabs(my);
    const given = new Set<string>();
    for (let second = 0; second < HOUR_S; second++) {
      await vi.advanceTimersByTimeAsync(1_000);
      for (const token of await Promise.all(tabs.map((tab) => tab.getToken({ prompt: "none" })))) {
        given.add(token);
      }
      for (const { state } of tabs) expect(state).toMatchObject({ freshness: "fresh" });
    }
    expect(my.sends).toBeLessThanOrEqual(14);
    // The minimum: a token is valid for at most 300 s.
    expect(my.sends).toBeGreaterThanOrEqual(HOUR_S / 300);
    expect(given.size).toBe(my.sends + 1);
  },
);

test("an hour without a getToken() call takes no request", async () => {
  const my = world();
  const tabs = await fiveTabs(my);
  await vi.advanceTimersByTimeAsync(HOUR_S * 1_000);
  expect(my.sends).toBe(0);
  for (const tab of tabs) tab.dispose();
});
