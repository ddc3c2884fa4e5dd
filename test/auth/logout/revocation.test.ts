import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { StorageError } from "../../../src/core/errors.ts";
import { revokeLock } from "../../../src/core/keys.ts";
import type { SessionRow } from "../../../src/core/session.ts";
import { MemorySessionStore } from "../../support/memory-session-store.ts";
import { MemoryTabLock } from "../../../src/memory/memory-tab-lock.ts";
import {
  DRAIN_MS,
  PERMIT_MS,
  REQUEST_MS,
  revokeEnded,
} from "../../../src/auth/logout/revocation.ts";
import { ADA, CLIENT, expiredRow, settle, testClock } from "../../refresh/tabs.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const signedOut = (): SessionRow => ({
  ...expiredRow(),
  end: { reason: "logged_out", sequence: 1 },
});

/** Revokes, and tells when the caller heard of it and when the lock was free. Milliseconds. */
function revoked(
  revoke: (refreshToken: string, signal: AbortSignal) => Promise<void>,
  get = async (): Promise<SessionRow | undefined> => signedOut(),
) {
  const begun = performance.now();
  const since = () => performance.now() - begun;
  const locks = new MemoryTabLock();
  const sent = vi.fn(revoke);
  const sessions = Object.assign(new MemorySessionStore(), { get });
  const at = { told: Infinity, free: Infinity };
  const told = () => {
    at.told = since();
  };
  const server = { revoke: sent };
  const parts = { client: CLIENT, sessions, locks, clock: testClock, server };
  revokeEnded(parts, ADA, "rt1").then(told, told);
  void locks.request(revokeLock(CLIENT), { mode: "exclusive" }, async () => {
    at.free = since();
  });
  return { at, sent };
}

describe("a revocation", () => {
  test("that is answered frees its lock", async () => {
    const { at, sent } = revoked(() => testClock.sleep(300));
    await vi.advanceTimersByTimeAsync(299);
    expect(at).toEqual({ told: Infinity, free: Infinity });
    await vi.advanceTimersByTimeAsync(1);
    expect(at).toEqual({ told: 300, free: 300 });
    expect(sent).toHaveBeenCalledExactlyOnceWith("rt1", expect.any(AbortSignal));
  });

  test("that failed has been told, and keeps its lock for as long as its ghost may be on its way", async () => {
    const { at } = revoked(() => Promise.reject(new Error("cut")));
    await vi.advanceTimersByTimeAsync(DRAIN_MS - 1);
    expect(at).toEqual({ told: 0, free: Infinity });
    await vi.advanceTimersByTimeAsync(1);
    expect(at.free).toBe(DRAIN_MS);
  });

  test("that is not answered is cut like any other request", async () => {
    const { at } = revoked(
      (_, signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
    await vi.advanceTimersByTimeAsync(60_000);
    expect(at).toEqual({ told: REQUEST_MS, free: REQUEST_MS + DRAIN_MS });
  });

  const CASES: readonly (readonly [string, number, () => Promise<SessionRow | undefined>])[] = [
    ["a session that was signed out", 1, async () => signedOut()],
    ["a session that was forgotten", 1, async () => undefined],
    ["a session that stands", 0, async () => expiredRow()],
    [
      "a session that the server ended",
      0,
      async () => ({ ...expiredRow(), end: { reason: "invalid_grant", sequence: 1 } as const }),
    ],
    [
      "a session whose ID token was invalid",
      1,
      async () => ({
        ...expiredRow(),
        end: { reason: "id_token", sequence: 1, claim: "sub" } as const,
      }),
    ],
    [
      "a session of which the store tells nothing",
      0,
      () => Promise.reject(new StorageError("broken")),
    ],
    [
      "a session that was signed out, by a page that slept before it sent",
      0,
      async () => {
        await testClock.sleep(PERMIT_MS + 1);
        return signedOut();
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
