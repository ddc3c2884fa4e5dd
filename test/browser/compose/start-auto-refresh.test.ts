import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startAutoRefresh } from "../../../src/compose/start-auto-refresh.ts";
import type { AuthState } from "../../../src/core/auth-state.ts";

const MINUTE = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function fakeAuth(lifetimeMs: number, renews = true) {
  const listeners = new Set<() => void>();
  const authenticated = (): AuthState => ({
    status: "authenticated",
    reason: "stored",
    since: 0,
    user: { sub: "ada", claims: { sub: "ada" } },
    freshness: "fresh",
    token: { scope: [], expiresAt: Date.now() + lifetimeMs, origin: "this-tab", isRenewable: true },
  });
  const auth = {
    state: authenticated(),
    asked: [] as number[],
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set: (state: AuthState) => {
      auth.state = state;
      listeners.forEach((listener) => listener());
    },
    getToken: vi.fn(async () => {
      auth.asked.push(Math.round((performance.now() - begun) / 1_000));
      if (!renews) throw new Error("the server is down");
      auth.set(authenticated());
      return "at";
    }),
  };
  const begun = performance.now();
  return auth;
}

test("a visible tab refreshes two minutes before each expiry, and never opens the login page", async () => {
  const auth = fakeAuth(10 * MINUTE);
  const stop = startAutoRefresh(auth);
  await vi.advanceTimersByTimeAsync(20 * MINUTE);
  expect(auth.asked).toEqual([480, 960]);
  expect(auth.getToken).toHaveBeenCalledWith({ cache: "reload", prompt: "none" });
  stop();
  await vi.advanceTimersByTimeAsync(20 * MINUTE);
  expect(auth.asked).toHaveLength(2);
});

test("a hidden tab refreshes after visible tabs, but a minute before expiry, because its timers may be late", async () => {
  const visibility = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
  const auth = fakeAuth(10 * MINUTE);
  const stop = startAutoRefresh(auth);
  await vi.advanceTimersByTimeAsync(8 * MINUTE + 14_000);
  expect(auth.asked).toEqual([]);
  await vi.advanceTimersByTimeAsync(42_000);
  expect(auth.asked).toHaveLength(1);
  visibility.mockReturnValue("visible");
  document.dispatchEvent(new Event("visibilitychange"));
  const [first] = auth.asked;
  await vi.advanceTimersByTimeAsync(8 * MINUTE);
  expect(auth.asked).toEqual([first, first! + 480]);
  stop();
});

test("a token with a lifetime of one minute is refreshed at half of its lifetime", async () => {
  const auth = fakeAuth(MINUTE);
  const stop = startAutoRefresh(auth);
  await vi.advanceTimersByTimeAsync(MINUTE + 1_000);
  expect(auth.asked).toEqual([30, 60]);
  stop();
});

test("repeats a failed refresh after 30 seconds at the earliest, and stops after a logout", async () => {
  const auth = fakeAuth(10 * MINUTE, false);
  const stop = startAutoRefresh(auth);
  await vi.advanceTimersByTimeAsync(11 * MINUTE + 1_000);
  expect(auth.asked).toEqual([480, 540, 570, 600, 630, 660]);
  auth.set({ status: "anonymous", reason: "none", since: 0 });
  await vi.advanceTimersByTimeAsync(20 * MINUTE);
  expect(auth.asked).toHaveLength(6);
  stop();
});

test("a token whose lifetime exceeds the longest timer is refreshed once", async () => {
  const auth = fakeAuth(60 * 24 * 60 * MINUTE);
  const stop = startAutoRefresh(auth);
  await vi.advanceTimersByTimeAsync(10 * MINUTE);
  expect(auth.asked).toEqual([]);
  await vi.advanceTimersByTimeAsync(60 * 24 * 60 * MINUTE - 11 * MINUTE);
  expect(auth.asked).toHaveLength(1);
  stop();
});

test("B12: a clock that is set back after the login does not delay the refresh", async () => {
  const auth = fakeAuth(10 * MINUTE);
  const stop = startAutoRefresh(auth);
  await vi.advanceTimersByTimeAsync(MINUTE);
  vi.setSystemTime(Date.now() - 60 * MINUTE);
  document.dispatchEvent(new Event("visibilitychange"));
  await vi.advanceTimersByTimeAsync(8 * MINUTE);
  expect(auth.asked).toHaveLength(1);
  stop();
});
