import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RefreshResponse } from "../../src/core/refresher.ts";
import { targetKey } from "../../src/core/token-target.ts";
import { ADA, responseOf, browser, expiredRow, KEY, settle, DEFAULT_KEY } from "./tabs.ts";

/** All tabs share one back-off, which continues after a page load. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const NEED = { user: ADA, target: DEFAULT_KEY, notGeneration: -1 };
const SECOND = 1_000;

const down: RefreshResponse = { type: "not_rotated", retryAfterMs: undefined, cause: undefined };
const cut: RefreshResponse = { type: "unknown", byServer: false, cause: undefined };

/** Pages that tests open and close. A closed page releases its locks, and its timers do not fire. */
async function outage(response: RefreshResponse | undefined) {
  const all = browser();
  await all.store.update(KEY, () => expiredRow());
  const begun = Date.now();
  const times: number[] = [];
  const push = all.sent.push.bind(all.sent);
  all.sent.push = (...sends) => {
    for (const send of sends) {
      times.push((Date.now() - begun) / SECOND);
      if (response) send.response(response);
    }
    return push(...sends);
  };
  let pages = 0;
  const open = () => {
    let isClosed = false;
    let leave = () => {};
    const clock = {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      sleep: (ms: number, signal?: AbortSignal) =>
        new Promise<void>((resolve, reject) => {
          const timer = setTimeout(() => isClosed || resolve(), ms);
          signal?.addEventListener("abort", () => {
            clearTimeout(timer);
            if (!isClosed) reject(signal.reason as Error);
          });
        }),
    };
    const listeners = new Set<() => void>();
    leave = () => {
      for (const listener of [...listeners]) listener();
      isClosed = true;
    };
    const page = {
      visible: () => true,
      onEvent: (listener: (event: "pagehide") => void) => {
        const tell = () => listener("pagehide");
        listeners.add(tell);
        return () => listeners.delete(tell);
      },
      frozen: () => isClosed,
    };
    const tab = all.tab(`page-${++pages}`, { clock, page });
    return { tab, close: () => leave() };
  };
  return { ...all, times, open };
}

/** The largest number of requests within any `seconds` seconds. */
const most = (times: readonly number[], seconds: number) =>
  Math.max(...times.map((from) => times.filter((t) => t >= from && t < from + seconds).length));

describe("a server that is down for ten minutes", () => {
  test.for([
    ["returns 503", 1, down],
    ["returns 503", 5, down],
    ["closes the connection", 5, cut],
    ["returns 500", 5, { ...cut, byServer: true }],
    ["never responds", 5, undefined],
  ] as const)(
    "A10: and %s gets at most 6 requests in 30 s, then 3 a minute, from %i tabs that reload",
    { timeout: 30_000 },
    async ([, tabs, response]) => {
      const { times, open } = await outage(response);
      const pages = Array.from({ length: tabs }, open);
      for (let second = 0; second < 600; second++) {
        // Each page is open for 7 s in the first minute, and for 41 s later.
        const lifetimeS = second < 60 ? 7 : 41;
        if (second % lifetimeS === lifetimeS - 1) {
          const i = second % tabs;
          pages[i]!.close();
          pages[i] = open();
        }
        for (const { tab } of pages) tab.refresh(NEED).catch(() => {});
        await vi.advanceTimersByTimeAsync(SECOND);
      }
      expect(times.filter((t) => t < 30).length).toBeLessThanOrEqual(6);
      expect(
        most(
          times.filter((t) => t >= 30),
          60,
        ),
      ).toBeLessThanOrEqual(3);
      expect(times.length).toBeGreaterThan(10);
    },
  );
});

describe("an attempt of a closed page", () => {
  const attempt = {
    id: "gone-1",
    sequence: 2,
    tab: "gone",
    target: DEFAULT_KEY,
    uncertainSends: 1,
  };
  const failed = async (changes: { sends: number; retryAt?: number; retryMs?: number }) => {
    const all = browser();
    await all.store.update(KEY, () => ({
      ...expiredRow(),
      sequence: 2,
      attempt: { ...attempt, ...changes },
    }));
    return all;
  };

  test("A10: is followed when its pause ends, and the next pause is longer", async () => {
    const all = await failed({ sends: 3, retryAt: Date.now() + 5_400, retryMs: 5_400 });
    void all.tab("a").refresh(NEED);
    await vi.advanceTimersByTimeAsync(5_399);
    expect(all.sent).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(all.sent).toHaveLength(1);
    expect((await all.store.get(KEY))!.attempt).toMatchObject({
      sends: 4,
      retryAt: Date.now() + 16_200,
      retryMs: 16_200,
    });
  });

  test("A10: is followed after the stored pause when the wall clock was set back", async () => {
    const all = await failed({ sends: 3, retryAt: Date.now() + 7_200_000, retryMs: 5_400 });
    void all.tab("a").refresh(NEED);
    // The drain for the request in flight, and the pause.
    await vi.advanceTimersByTimeAsync(2_500 + 5_400);
    expect(all.sent).toHaveLength(1);
  });

  test("A10: is not repeated when another tab stores a response during the pause", async () => {
    const all = await failed({ sends: 9, retryAt: Date.now() + 20_000, retryMs: 20_000 });
    const tokens = all.tab("a").refresh(NEED);
    await vi.advanceTimersByTimeAsync(4_000);
    const access = { [DEFAULT_KEY]: { generation: 2, expiresAt: Date.now() + 60_000, scope: [] } };
    await all.store.update(KEY, (row) => ({
      ...row!,
      generation: 2,
      committedSequence: 2,
      attempt: null,
      access,
    }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await tokens).generation).toBe(2);
    expect(all.sent).toHaveLength(0);
  });

  test("A10: keeps its Retry-After for the next page", async () => {
    const { open, times, sent } = await outage(undefined);
    const first = open();
    first.tab.refresh(NEED).catch(() => {});
    await settle();
    sent[0]!.response({ type: "not_rotated", retryAfterMs: 50_000, cause: undefined });
    await settle();
    await vi.advanceTimersByTimeAsync(SECOND);
    first.close();
    open()
      .tab.refresh(NEED)
      .catch(() => {});
    await vi.advanceTimersByTimeAsync(48_900);
    expect(times).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(times).toHaveLength(2);
  });

  test("A10: is followed late by a hidden tab, and sooner once the tab is visible", async () => {
    const { store, sent, tab } = await failed({ sends: 9, retryAt: Date.now(), retryMs: 20_000 });
    await store.update(KEY, (row) => {
      const { [DEFAULT_KEY]: entry } = row!.access;
      return { ...row!, access: { [DEFAULT_KEY]: { ...entry!, lifetimeMs: 3_600_000 } } };
    });
    let isVisible = false;
    const hidden = tab("a", {
      page: { visible: () => isVisible },
      timing: { patienceMs: 3_600_000 },
    });
    void hidden.refresh(NEED);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(sent).toHaveLength(0);
    isVisible = true;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(sent).toHaveLength(1);
  });
});

test("A10: an attempt for another target waits for the same pause, because the server is the same", async () => {
  const { store, sent, tab } = browser();
  await store.update(KEY, () => expiredRow());
  const one = tab("a");
  void one.refresh(NEED);
  void tab("b").refresh({ ...NEED, target: targetKey({ resource: "https://api.example" }) });
  await settle();
  for (let send = 0; send < 4; send++) {
    sent[send]!.response(down);
    while (sent.length === send + 1) {
      await vi.advanceTimersToNextTimerAsync();
      await settle();
    }
  }
  expect(new Set(sent.map(({ tab }) => tab))).toEqual(new Set(["a"]));
  sent.at(-1)!.response(responseOf(2));
  await vi.advanceTimersByTimeAsync(SECOND);
  expect(sent.at(-1)).toMatchObject({ tab: "b", refreshToken: "rt2" });
});
