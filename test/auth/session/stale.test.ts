import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { expiredRow, settle } from "../../refresh/tabs.ts";
import { goodRow, remember, world } from "../fixture.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const silently = { prompt: "none" } as const;

describe("an expired token whose refresh fails", () => {
  test("B17: is published as stale at once, not after patienceMs", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.response = async () => ({ type: "not_rotated", retryAfterMs: undefined, cause: undefined });
    const auth = my.tab();
    auth.start();
    await auth.getToken();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(auth.state).toMatchObject({ freshness: "fresh" });
    const asked = auth.getToken(silently).catch((error: unknown) => error);
    await settle();
    expect(auth.state).toMatchObject({ status: "authenticated", freshness: "stale" });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await asked).toMatchObject({ code: "timeout" });
    expect(auth.state).toMatchObject({ status: "authenticated", freshness: "stale" });
  });

  test("B17: is stale before the refresh has settled, also by the monotonic clock", async () => {
    let ahead = 0;
    const my = world({
      now: () => Date.now(),
      monotonic: () => performance.now() + ahead,
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    });
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    await auth.getToken();
    ahead = 61_000;
    vi.advanceTimersByTime(1);
    auth.getToken(silently).catch(() => {});
    await settle();
    expect(auth.state).toMatchObject({ status: "authenticated", freshness: "stale" });
  });
});
