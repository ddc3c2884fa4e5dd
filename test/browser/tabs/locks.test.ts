import { afterEach, expect, test, vi } from "vitest";
import { BroadcastTabChannel } from "../../../src/browser/tabs/broadcast-tab-channel.ts";
import { BroadcastTabLock } from "../../../src/browser/tabs/broadcast-tab-lock.ts";
import { systemClock } from "../../../src/browser/page/system-clock.ts";
import { tabLocks } from "../../../src/browser/tabs/tab-locks.ts";
import type { TabNews } from "../../../src/core/message.ts";
import type { TabLock } from "../../../src/core/ports.ts";

/** Two tabs without Web Locks. */
function twoTabs(name: string) {
  const [a, b] = [new BroadcastTabChannel(name), new BroadcastTabChannel(name)];
  const lock = new BroadcastTabLock({ channel: a, clock: systemClock, takeoverMs: 1_000 });
  const say = (news: TabNews) =>
    b.post({ protocol: 2, key: "ada", from: "b", sessionId: "s", ...news });
  return { lock, say };
}

const alive = (frozen = false): TabNews => ({
  type: "alive",
  sequence: 2,
  attemptId: "b-1",
  nonce: "n",
  frozen,
  tickAgeMs: 0,
});
const gone: TabNews = { type: "gone", sequence: 2, attemptId: "b-1", unsent: false };
const granted = async (isGranted: boolean) => isGranted;

test("another tab's lock is granted once its owner has sent `gone`", async () => {
  const { lock, say } = twoTabs("locks,gone");
  expect(await lock.request("own/b-1", { mode: "shared", ifAvailable: true }, granted)).toBe(false);
  const waiting = lock.request("own/b-1", { mode: "shared" }, granted);
  say(gone);
  expect(await waiting).toBe(true);
  expect(await lock.request("own/b-1", { mode: "shared", ifAvailable: true }, granted)).toBe(true);
  expect(await lock.request("own/b-2", { mode: "shared", ifAvailable: true }, granted)).toBe(false);
});

test("an owner counts as ended after it has sent no `alive` for takeoverMs, frozen or not", async () => {
  const { lock, say } = twoTabs("locks,silent");
  const begun = performance.now();
  const talking = setInterval(() => say(alive(true)), 100);
  setTimeout(() => clearInterval(talking), 800);
  expect(await lock.request("own/b-1", { mode: "shared" }, granted)).toBe(true);
  expect(performance.now() - begun).toBeGreaterThan(1_500);
});

test("this tab's own lock is granted only after its release", async () => {
  const { lock } = twoTabs("locks,own");
  await lock.request("own/a-1", { mode: "exclusive" }, async () => {
    expect(await lock.request("own/a-1", { mode: "shared", ifAvailable: true }, granted)).toBe(
      false,
    );
  });
  expect(await lock.request("own/a-1", { mode: "shared", ifAvailable: true }, granted)).toBe(true);
});

test("an aborted wait rejects with the reason of the signal", async () => {
  const { lock } = twoTabs("locks,left");
  const leave = new AbortController();
  const waiting = lock.request("own/b-1", { mode: "shared", signal: leave.signal }, granted);
  leave.abort(new Error("left"));
  await expect(waiting).rejects.toThrow("left");
});

test("locks with many possible owners are granted to every request", async () => {
  const { lock } = twoTabs("locks,many");
  await lock.request("revoke/x", { mode: "exclusive" }, async () => {
    expect(await lock.request("revoke/x", { mode: "exclusive" }, granted)).toBe(true);
  });
  await lock.query();
});

afterEach(() => {
  vi.unstubAllGlobals();
});

test("uses Web Locks where the browser has them, and loads the other locks elsewhere", async () => {
  const other: TabLock = {
    request: async (_, __, callback) => callback(false),
    query: async () => {},
  };
  const load = vi.fn(async () => other);
  const locks = tabLocks(load);
  expect(await locks.request("test/x", { mode: "exclusive" }, granted)).toBe(true);
  await locks.query();
  expect(load).not.toHaveBeenCalled();
  vi.stubGlobal("navigator", {});
  expect(await locks.request("test/x", { mode: "exclusive" }, granted)).toBe(false);
  await locks.query();
  expect(load).toHaveBeenCalledOnce();
});
