import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NetworkError, StorageError } from "../../../src/core/errors.ts";
import { revokeLock } from "../../../src/core/keys.ts";
import type { Page } from "../../../src/core/ports.ts";
import type { SessionRow } from "../../../src/core/session.ts";
import { MemorySessionStore } from "../../support/memory-session-store.ts";
import { MemoryTabLock } from "../../../src/memory/memory-tab-lock.ts";
import {
  DRAIN_MS,
  PERMIT_MS,
  REQUEST_MS,
  revoke,
  revokeEnded,
} from "../../../src/auth/logout/revocation.ts";
import { UntoldLogouts } from "../../../src/auth/logout/untold-logouts.ts";
import { ADA, CLIENT, expiredRow, settle, testClock } from "../../refresh/tabs.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const loggedOut = (): SessionRow => ({
  ...expiredRow(),
  end: { reason: "logged_out", sequence: 1 },
});

/** Revokes, and records when the promise has settled and when the lock is free. Milliseconds. */
function revoked(
  revoke: (refreshToken: string, signal: AbortSignal) => Promise<void>,
  get = async (): Promise<SessionRow | undefined> => loggedOut(),
) {
  const begun = performance.now();
  const since = () => performance.now() - begun;
  const locks = new MemoryTabLock();
  const sent = vi.fn(revoke);
  const sessions = Object.assign(new MemorySessionStore(), { get });
  const at = { settled: Infinity, free: Infinity };
  const settled = () => {
    at.settled = since();
  };
  const server = { revoke: sent };
  const parts = { client: CLIENT, sessions, locks, clock: testClock, server };
  revokeEnded(parts, ADA, "rt1").then(settled, settled);
  void locks.request(revokeLock(CLIENT), { mode: "exclusive" }, async () => {
    at.free = since();
  });
  return { at, sent };
}

describe("a revocation", () => {
  test("frees its lock when the server responds", async () => {
    const { at, sent } = revoked(() => testClock.sleep(300));
    await vi.advanceTimersByTimeAsync(299);
    expect(at).toEqual({ settled: Infinity, free: Infinity });
    await vi.advanceTimersByTimeAsync(1);
    expect(at).toEqual({ settled: 300, free: 300 });
    expect(sent).toHaveBeenCalledExactlyOnceWith("rt1", expect.any(AbortSignal));
  });

  test("that failed settles at once, and keeps its lock while its request may still be in flight", async () => {
    const { at } = revoked(() => Promise.reject(new Error("cut")));
    await vi.advanceTimersByTimeAsync(DRAIN_MS - 1);
    expect(at).toEqual({ settled: 0, free: Infinity });
    await vi.advanceTimersByTimeAsync(1);
    expect(at.free).toBe(DRAIN_MS);
  });

  test("without a response is aborted after the request timeout", async () => {
    const { at } = revoked(
      (_, signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
    await vi.advanceTimersByTimeAsync(60_000);
    expect(at).toEqual({ settled: REQUEST_MS, free: REQUEST_MS + DRAIN_MS });
  });

  const CASES: readonly (readonly [string, number, () => Promise<SessionRow | undefined>])[] = [
    ["a session that was logged out", 1, async () => loggedOut()],
    ["a session that was forgotten", 1, async () => undefined],
    ["a valid session", 0, async () => expiredRow()],
    [
      "a session that the server ended",
      0,
      async () => ({ ...expiredRow(), end: { reason: "session_ended", sequence: 1 } as const }),
    ],
    [
      "a session whose ID token was invalid",
      1,
      async () => ({
        ...expiredRow(),
        end: { reason: "id_token", sequence: 1, claim: "sub" } as const,
      }),
    ],
    ["a session that the store cannot read", 0, () => Promise.reject(new StorageError("broken"))],
    [
      "a session that was logged out, by a page that was frozen before it sent",
      0,
      async () => {
        await testClock.sleep(PERMIT_MS + 1);
        return loggedOut();
      },
    ],
  ];
  test.for(CASES)("of %s is sent %i times", async ([, times, get]) => {
    const { at, sent } = revoked(async () => {}, get);
    await settle();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toHaveBeenCalledTimes(times);
    expect(at.free).toBeLessThan(10_000);
  });
});

function queueParts(sent: () => Promise<void>) {
  const sessions = Object.assign(new MemorySessionStore(), { get: async () => loggedOut() });
  const online = { online: () => true } as Page["lifecycle"];
  return {
    client: CLIENT,
    sessions,
    locks: new MemoryTabLock(),
    clock: testClock,
    server: { revoke: sent },
    page: { lifecycle: online },
    untold: new UntoldLogouts(),
  };
}

test("a token that the server has revoked is not sent again, not even by a later call", async () => {
  const sent = vi.fn(async () => {});
  const parts = queueParts(sent);
  await revoke(parts, ADA, "rt1");
  await revoke(parts, ADA, "rt1");
  expect(sent).toHaveBeenCalledTimes(1);
});

test("C16: a token whose response the browser withholds is sent once, and a later call gets the same error", async () => {
  const withheld = new NetworkError("withheld", undefined, "Allow this origin.", true, true);
  const sent = vi.fn(() => Promise.reject(withheld));
  const parts = queueParts(sent);
  const first = revoke(parts, ADA, "rt1");
  const joined = revoke(parts, ADA, "rt1");
  await expect(first).rejects.toBe(withheld);
  await expect(joined).rejects.toBe(withheld);
  await vi.advanceTimersByTimeAsync(600_000);
  await expect(revoke(parts, ADA, "rt1")).rejects.toBe(withheld);
  expect(sent).toHaveBeenCalledTimes(1);
  await expect(revoke(parts, ADA, "rt2")).rejects.toBe(withheld);
  expect(sent).toHaveBeenCalledTimes(2);
});

test("a token for which no response came is sent again", async () => {
  const sent = vi.fn(() => Promise.reject(new NetworkError("cut")));
  const first = revoke(queueParts(sent), ADA, "rt1");
  await expect(first).rejects.toMatchObject({ code: "network" });
  await vi.advanceTimersByTimeAsync(600_000);
  expect(sent.mock.calls.length).toBeGreaterThan(3);
});
