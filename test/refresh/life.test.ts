import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { StorageError } from "../../src/core/errors.ts";
import type { TabNews } from "../../src/core/message.ts";
import type { PageEvent, PageLifecycle } from "../../src/core/ports.ts";
import type { SessionAttempt, TokenRecord } from "../../src/core/session.ts";
import { targetKey } from "../../src/core/token-target.ts";
import { REFRESH_TIMING, refreshTiming } from "../../src/refresh/timing.ts";
import { ADA, responseOf, browser, expiredRow, KEY, settle, DEFAULT_KEY } from "./tabs.ts";

/** Owners whose tab closes, hangs or is slow, and pages that are frozen or in the bfcache. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const NEED = { user: ADA, target: DEFAULT_KEY, notGeneration: -1 };
const ATTEMPT: SessionAttempt = {
  id: "o-1",
  sequence: 2,
  tab: "o",
  target: DEFAULT_KEY,
  uncertainSends: 0,
  sends: 0,
};
/** Lets more than `drainMs` pass: the time for which tabs wait for a closed owner's request in flight. */
const drained = () => vi.advanceTimersByTimeAsync(2_500);

/** A page lifecycle whose events tests dispatch. */
function page(): PageLifecycle & {
  happen(event: PageEvent): void;
  isOnline: boolean;
  isVisible: boolean;
} {
  const listeners = new Set<(event: PageEvent) => void>();
  let isFrozen = false;
  return {
    isOnline: true,
    isVisible: true,
    online() {
      return this.isOnline;
    },
    visible() {
      return this.isVisible;
    },
    frozen: () => isFrozen,
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    happen: (event) => {
      if (event === "freeze" || event === "pagehide") isFrozen = true;
      if (event === "resume" || event === "pageshow") isFrozen = false;
      for (const listener of [...listeners]) listener(event);
    },
  };
}

/** A browser in which another open tab owns an attempt. */
async function owned() {
  const all = browser();
  await all.store.update(KEY, () => ({ ...expiredRow(), sequence: 2, attempt: ATTEMPT }));
  let end = () => {};
  const owner = all.locks.request(
    "own/o-1",
    { mode: "exclusive" },
    () => new Promise<void>((resolve) => (end = resolve)),
  );
  const other = all.channel();
  const say = (news: TabNews) =>
    other.post({ protocol: 2, key: ADA, from: "o", sessionId: "s1", ...news });
  return { ...all, say, end: () => (end(), owner), other };
}

describe("an owner that broadcasts that it is gone", () => {
  test("is followed at once when it had sent nothing, and its attempt does not count as lost", async () => {
    const { tab, sent, say, store } = await owned();
    void tab("a").refresh(NEED);
    await settle();
    say({ type: "gone", sequence: 2, attemptId: "o-1", unsent: true });
    await settle();
    expect(sent).toHaveLength(1);
    expect((await store.get(KEY))!.attempt).toMatchObject({
      sequence: 3,
      uncertainSends: 0,
      sends: 1,
    });
  });

  test("and repeats the message causes one read of the row", async () => {
    const { store, tab, say } = await owned();
    const failed = tab("a")
      .refresh(NEED)
      .catch((error: unknown) => error);
    await settle();
    const get = vi.spyOn(store, "get").mockRejectedValue(new StorageError("closing"));
    say({ type: "gone", sequence: 2, attemptId: "o-1", unsent: false });
    say({ type: "gone", sequence: 2, attemptId: "o-1", unsent: false });
    expect(await failed).toBeInstanceOf(StorageError);
    expect(get).toHaveBeenCalledTimes(1);
  });

  test("is followed after a drain when it had sent a request", async () => {
    const { tab, sent, say, store } = await owned();
    void tab("a").refresh(NEED);
    await settle();
    say({ type: "gone", sequence: 2, attemptId: "o-1", unsent: false });
    await vi.advanceTimersByTimeAsync(1_999);
    expect(sent).toHaveLength(0);
    await drained();
    expect(sent).toHaveLength(1);
    expect((await store.get(KEY))!.attempt).toMatchObject({ sequence: 3, uncertainSends: 1 });
  });

  test("of another attempt is not followed", async () => {
    const { tab, sent, say } = await owned();
    void tab("a")
      .refresh(NEED)
      .catch(() => {});
    await settle();
    say({ type: "gone", sequence: 2, attemptId: "o-9", unsent: true });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent).toHaveLength(0);
  });
});

describe("an owner that is frozen or hangs and holds its lock", () => {
  test("is probed each second and overtaken after 20 s without a reply", async () => {
    const { tab, sent, messages, store } = await owned();
    void tab("a", { timing: { patienceMs: 60_000 } }).refresh(NEED);
    await vi.advanceTimersByTimeAsync(19_500);
    expect(sent).toHaveLength(0);
    const probes = messages.filter(({ type }) => type === "probe");
    expect(probes).toHaveLength(19);
    expect(new Set(probes.map((probe) => "nonce" in probe && probe.nonce)).size).toBe(19);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent).toHaveLength(1);
    expect((await store.get(KEY))!.attempt).toMatchObject({ sequence: 3, uncertainSends: 1 });
  });

  test.for([
    ["is not overtaken when it replies that it is alive", false, 10, 0],
    ["is overtaken when it replies that it is frozen", true, 10, 1],
    ["is overtaken when its timers do not run", false, REFRESH_TIMING.aliveAgeMs, 1],
  ] as const)("%s", async ([, frozen, tickAgeMs, sends]) => {
    const { tab, sent, say, other } = await owned();
    other.listen((message) => {
      if (message.type !== "probe") return;
      say({
        type: "alive",
        sequence: 2,
        attemptId: "o-1",
        nonce: message.nonce,
        frozen,
        tickAgeMs,
      });
    });
    void tab("a", { timing: { patienceMs: 600_000 } }).refresh(NEED);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sent).toHaveLength(sends);
  });

  test("is overtaken only after five minutes at a server with a short leeway", async () => {
    const { tab, sent } = await owned();
    void tab("a", { reuseLeewayMs: 10_000, timing: { patienceMs: 600_000 } }).refresh(NEED);
    await vi.advanceTimersByTimeAsync(299_000);
    expect(sent).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent).toHaveLength(1);
  });

  test("is not overtaken because this tab itself was frozen", async () => {
    const { tab, sent } = await owned();
    let frozenMs = 0;
    const clock = {
      now: () => Date.now() + frozenMs,
      monotonic: () => performance.now() + frozenMs,
      sleep: (ms: number, signal?: AbortSignal) =>
        new Promise<void>((resolve, reject) => {
          const timer = setTimeout(resolve, ms);
          signal?.addEventListener("abort", () => {
            clearTimeout(timer);
            reject(signal.reason as Error);
          });
        }),
    };
    void tab("a", { clock, timing: { patienceMs: 600_000 } }).refresh(NEED);
    await vi.advanceTimersByTimeAsync(5_000);
    frozenMs = 3_600_000;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(sent).toHaveLength(1);
  });

  test("is not overtaken before its request ends: a shorter takeoverMs is refused", () => {
    expect(() => refreshTiming({ takeoverMs: 19_000 })).toThrow("takeoverMs");
    expect(refreshTiming({ takeoverMs: 21_000 }).takeoverMs).toBe(21_000);
  });
});

describe("a response that arrives after its attempt was overtaken", () => {
  async function overtaken(reuseLeewayMs?: number) {
    const all = browser();
    await all.store.update(KEY, () => expiredRow());
    const late = all.tab("late", reuseLeewayMs === undefined ? {} : { reuseLeewayMs });
    void late.refresh(NEED).catch(() => {});
    await settle();
    const taker = { ...ATTEMPT, id: "t-1", sequence: 3, tab: "t", uncertainSends: 1 };
    await all.store.update(KEY, (row) => ({ ...row!, sequence: 3, attempt: taker }));
    all.sent[0]!.response(responseOf(2));
    await settle();
    return (await all.store.get(KEY))!;
  }

  test("is dropped", async () => {
    expect(await overtaken()).toMatchObject({
      generation: 1,
      attempt: { id: "t-1" },
      tokens: { refreshToken: "rt1" },
    });
  });

  test("is stored at a server without a leeway, and the other attempt stays in the row", async () => {
    expect(await overtaken(0)).toMatchObject({
      generation: 2,
      committedSequence: 2,
      attempt: { id: "t-1" },
      tokens: { refreshToken: "rt2" },
    });
  });

  test("is revoked when the user has logged out since", async () => {
    const { store, sent, tab, revoked } = browser();
    await store.update(KEY, () => expiredRow());
    void tab("a")
      .refresh(NEED)
      .catch(() => {});
    await settle();
    await store.update(KEY, (row) => ({
      ...row!,
      sessionId: "s2",
      sequence: 3,
      attempt: null,
      end: { reason: "logged_out", sequence: 3 },
      tokens: null,
      access: {},
      renewable: false,
    }));
    sent[0]!.response(responseOf(2));
    await settle();
    expect(revoked).toEqual(["rt2"]);
  });

  test("is not revoked after another login, because that could end the login's grant", async () => {
    const { store, sent, tab, revoked } = browser();
    await store.update(KEY, () => expiredRow());
    void tab("a")
      .refresh(NEED)
      .catch(() => {});
    await settle();
    await store.update(KEY, (row) => ({
      ...row!,
      sessionId: "s2",
      generation: 2,
      sequence: 3,
      committedSequence: 3,
      attempt: null,
    }));
    sent[0]!.response(responseOf(2));
    await settle();
    expect(revoked).toEqual([]);
  });
});

describe("a page that is frozen or in the bfcache", () => {
  test("before it has sent never sends that attempt, and broadcasts this", async () => {
    const { store, sent, tab, messages } = browser();
    await store.update(KEY, () => expiredRow());
    const life = page();
    const update = store.update.bind(store);
    let stored = () => {};
    vi.spyOn(store, "update").mockImplementationOnce(async (key, change) => {
      const row = await update(key, change);
      await new Promise<void>((resolve) => (stored = resolve));
      return row;
    });
    void tab("a", { page: life }).refresh(NEED);
    await settle();
    life.happen("freeze");
    stored();
    await settle();
    expect(messages.at(-1)).toMatchObject({ type: "gone", sequence: 2, unsent: true });
    expect(sent).toHaveLength(0);
    life.happen("resume");
    await settle();
    // Nothing was sent, so no request is in flight and no response can be lost.
    expect(sent).toHaveLength(1);
    expect((await store.get(KEY))!.attempt).toMatchObject({ sequence: 3, uncertainSends: 0 });
  });

  test("while it writes its attempt reads the row again when it resumes", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const life = page();
    vi.spyOn(store, "update").mockImplementationOnce(async () => {
      life.happen("freeze");
      throw new StorageError("the transaction was aborted");
    });
    const tokens = tab("a", { page: life }).refresh(NEED);
    await settle();
    expect(sent).toHaveLength(0);
    life.happen("resume");
    await settle();
    sent[0]!.response(responseOf(2));
    expect((await tokens).accessToken).toBe("at2");
  });

  test("and cannot request the turn continues after 250 ms without a message", async () => {
    const { store, sent, tab, locks } = browser();
    await store.update(KEY, () => expiredRow());
    const request = locks.request.bind(locks);
    vi.spyOn(locks, "request").mockImplementation((name, options, callback) =>
      name.startsWith("turn/")
        ? Promise.reject(new DOMException("", "InvalidStateError"))
        : request(name, options, callback),
    );
    const tokens = tab("a").refresh(NEED);
    await vi.advanceTimersByTimeAsync(250);
    await settle();
    sent[0]!.response(responseOf(2));
    expect((await tokens).accessToken).toBe("at2");
  });

  test("after it has sent keeps its lock when frozen, and stores its response when it resumes", async () => {
    const { store, sent, tab, locks } = browser();
    await store.update(KEY, () => expiredRow());
    const life = page();
    const tokens = tab("a", { page: life }).refresh(NEED);
    await settle();
    life.happen("freeze");
    sent[0]!.response(responseOf(2));
    await settle();
    expect((await store.get(KEY))!.generation).toBe(1);
    expect(await isFree(locks, "own/a-1")).toBe(false);
    life.happen("resume");
    expect((await tokens).accessToken).toBe("at2");
  });

  test("after it has sent releases its lock in the bfcache, and other tabs follow after a drain", async () => {
    const { store, sent, tab, locks, messages } = browser();
    await store.update(KEY, () => expiredRow());
    const life = page();
    void tab("a", { page: life })
      .refresh(NEED)
      .catch(() => {});
    void tab("b").refresh(NEED);
    await settle();
    life.happen("pagehide");
    await settle();
    expect(messages.at(-1)).toMatchObject({ type: "gone", unsent: false });
    expect(await isFree(locks, "own/a-1")).toBe(true);
    await drained();
    expect(sent.map(({ tab }) => tab)).toEqual(["a", "b"]);
    life.happen("pageshow");
    sent[0]!.response(responseOf(2));
    await settle();
    expect((await store.get(KEY))!.generation).toBe(1);
    sent[1]!.response(responseOf(3));
    await settle();
    expect(await store.get(KEY)).toMatchObject({ generation: 2, tokens: { refreshToken: "rt3" } });
  });

  test("starts nothing before it resumes", async () => {
    const { store, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const life = page();
    life.happen("freeze");
    const get = vi.spyOn(store, "get");
    void tab("a", { page: life })
      .refresh(NEED)
      .catch(() => {});
    await settle();
    expect(get).not.toHaveBeenCalled();
    life.happen("resume");
    await settle();
    expect(get).toHaveBeenCalled();
  });

  test("while it has the turn delays other tabs by 250 ms only", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    vi.spyOn(store, "update").mockImplementationOnce(() => new Promise(() => {}));
    tab("a")
      .refresh(NEED)
      .catch(() => {});
    await settle();
    const b = tab("b").refresh(NEED);
    await vi.advanceTimersByTimeAsync(250);
    expect(sent.map(({ tab }) => tab)).toEqual(["b"]);
    sent[0]!.response(responseOf(2));
    expect((await b).accessToken).toBe("at2");
  });

  test("and gets its pagehide event while it has the turn delays no other tab", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const life = page();
    vi.spyOn(store, "update").mockImplementationOnce(() => new Promise(() => {}));
    tab("a", { page: life })
      .refresh(NEED)
      .catch(() => {});
    await settle();
    life.happen("pagehide");
    await settle();
    const b = tab("b").refresh(NEED);
    await settle();
    expect(sent.map(({ tab }) => tab)).toEqual(["b"]);
    sent[0]!.response(responseOf(2));
    expect((await b).accessToken).toBe("at2");
  });

  test("aborts its lock request while it reads the row", async () => {
    const { tab, locks, store, say } = await owned();
    const life = page();
    const request = vi.spyOn(locks, "request");
    void tab("a", { page: life })
      .refresh(NEED)
      .catch(() => {});
    await vi.advanceTimersByTimeAsync(50);
    const waiting = request.mock.calls.find(([, { signal }]) => signal !== undefined)!;
    vi.spyOn(store, "get").mockImplementation(() => new Promise(() => {}));
    say({ type: "gone", sequence: 2, attemptId: "o-1", unsent: false });
    await settle();
    life.happen("freeze");
    await settle();
    expect(waiting[1].signal!.aborted).toBe(true);
  });

  test("aborts its lock request while it watches an owner", async () => {
    const { tab, locks } = await owned();
    const life = page();
    const request = vi.spyOn(locks, "request");
    void tab("a", { page: life })
      .refresh(NEED)
      .catch(() => {});
    await vi.advanceTimersByTimeAsync(50);
    const waiting = request.mock.calls.find(([, { signal }]) => signal !== undefined)!;
    life.happen("pagehide");
    await settle();
    expect(waiting[1].signal!.aborted).toBe(true);
  });
});

describe("an owner that receives a Retry-After of two minutes", () => {
  /** The owner has released its lock and pauses. */
  async function paused() {
    const all = browser();
    await all.store.update(KEY, () => expiredRow());
    const a = all.tab("a");
    const tokens = a.refresh(NEED);
    tokens.catch(() => {});
    await settle();
    all.sent[0]!.response({ type: "not_rotated", retryAfterMs: 120_000, cause: undefined });
    await vi.advanceTimersByTimeAsync(5_000);
    const other = all.channel();
    const say = (news: TabNews) =>
      other.post({ protocol: 2, key: ADA, from: "o", sessionId: "s1", ...news });
    return { ...all, a, tokens, say };
  }
  const committed = () => ({
    ...expiredRow(),
    generation: 2,
    sequence: 3,
    committedSequence: 3,
    access: { [DEFAULT_KEY]: { generation: 2, expiresAt: Date.now() + 60_000, scope: [] } },
    tokens: {
      ...(expiredRow().tokens as TokenRecord),
      access: { [DEFAULT_KEY]: { token: "at2", tokenType: "Bearer" } },
    },
  });

  test("returns another tab's token as soon as it receives the message", async () => {
    const { store, tokens, say, sent } = await paused();
    await store.update(KEY, committed);
    say({ type: "done", generation: 2, sequence: 3, target: DEFAULT_KEY });
    await settle();
    expect((await tokens).accessToken).toBe("at2");
    expect(sent).toHaveLength(1);
  });

  test("returns another tab's token within a tick when the message is lost", async () => {
    const { store, tokens, sent } = await paused();
    await store.update(KEY, committed);
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await tokens).accessToken).toBe("at2");
    expect(sent).toHaveLength(1);
  });

  test("does not end its pause because of an unrelated message", async () => {
    const { say, sent } = await paused();
    say({ type: "user", what: "login" });
    await vi.advanceTimersByTimeAsync(110_000);
    expect(sent).toHaveLength(1);
  });

  test("sends soon after that time when its page became visible during the pause", async () => {
    const { store, sent, tab } = browser();
    const row = expiredRow();
    row.access[DEFAULT_KEY]!.lifetimeMs = 3_600_000;
    await store.update(KEY, () => row);
    let isVisible = false;
    const a = tab("a", { page: { visible: () => isVisible } });
    a.refresh(NEED).catch(() => {});
    await settle();
    sent[0]!.response({ type: "not_rotated", retryAfterMs: 60_000, cause: undefined });
    await vi.advanceTimersByTimeAsync(40_000);
    isVisible = true;
    a.refresh(NEED).catch(() => {});
    await vi.advanceTimersByTimeAsync(19_000);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(18_000);
    expect(sent).toHaveLength(2);
  });
});

describe("an owner", () => {
  test("whose first write took longer than the permit writes again before it sends", async () => {
    const { store, sent, tab } = browser();
    await store.update(KEY, () => expiredRow());
    const update = store.update.bind(store);
    vi.spyOn(store, "update").mockImplementationOnce(async (key, change) => {
      const row = await update(key, change);
      await new Promise((resolve) => setTimeout(resolve, 2_001));
      return row;
    });
    void tab("a").refresh(NEED);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent).toHaveLength(1);
    expect((await store.get(KEY))!.attempt).toMatchObject({
      id: "a-1",
      sequence: 3,
      uncertainSends: 0,
    });
  });

  test("releases its lock before a pause of a minute", async () => {
    const { store, sent, tab, locks } = browser();
    await store.update(KEY, () => expiredRow());
    void tab("a", { timing: { patienceMs: 600_000 } }).refresh(NEED);
    await settle();
    sent[0]!.response({ type: "not_rotated", retryAfterMs: 61_000, cause: undefined });
    await settle();
    expect(await isFree(locks, "own/a-1")).toBe(true);
    expect((await store.get(KEY))!.attempt).toMatchObject({ id: "a-1" });
    await vi.advanceTimersByTimeAsync(61_000 + 15_000);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(sent).toHaveLength(2);
  });

  test("replies to a probe with the age of its last tick", async () => {
    const { store, tab, messages, channel } = browser();
    await store.update(KEY, () => expiredRow());
    void tab("a")
      .refresh(NEED)
      .catch(() => {});
    await vi.advanceTimersByTimeAsync(3_400);
    channel().post({
      protocol: 2,
      key: ADA,
      from: "b",
      sessionId: "s1",
      type: "probe",
      sequence: 2,
      attemptId: "a-1",
      nonce: "n",
    });
    await settle();
    expect(messages.at(-1)).toMatchObject({
      type: "alive",
      attemptId: "a-1",
      nonce: "n",
      frozen: false,
      tickAgeMs: 400,
    });
  });
});

describe("pauses", () => {
  const lost = { type: "unknown", byServer: false, cause: undefined } as const;

  async function afterSends(
    count: number,
    response: Parameters<ReturnType<typeof browser>["sent"][0]["response"]>[0],
    life: PageLifecycle,
  ) {
    const all = browser();
    await all.store.update(KEY, () => expiredRow());
    void all
      .tab("a", { page: life, timing: { patienceMs: 3_600_000, releaseMs: 3_600_000 } })
      .refresh(NEED);
    for (let send = 0; send < count; send++) {
      await settle();
      all.sent[send]!.response(response);
      if (send + 1 === count) break;
      while (all.sent.length === send + 1) await vi.advanceTimersToNextTimerAsync();
    }
    await settle();
    return all;
  }

  test.for(["online", "visible", "resume", "pageshow"] as const)(
    "A10: end early after %s when the network failed, but after twenty seconds at least",
    async (event) => {
      const life = page();
      const { sent } = await afterSends(8, lost, life);
      life.happen(event);
      await vi.advanceTimersByTimeAsync(19_999);
      expect(sent).toHaveLength(8);
      await vi.advanceTimersByTimeAsync(1);
      expect(sent).toHaveLength(9);
    },
  );

  test("do not end early because the page is online again when the server failed", async () => {
    const life = page();
    const { sent } = await afterSends(
      8,
      { type: "not_rotated", retryAfterMs: undefined, cause: undefined },
      life,
    );
    life.happen("online");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent).toHaveLength(8);
  });

  test("grow to the lifetime of the token in a hidden page", async () => {
    const life = page();
    life.isVisible = false;
    const { sent, store } = await afterSends(13, { ...lost, byServer: true }, life);
    await vi.advanceTimersByTimeAsync(49_000);
    expect(sent).toHaveLength(13);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent).toHaveLength(14);
    expect((await store.get(KEY))!.attempt).toMatchObject({ sends: 13 });
  });
});

test("a closed tab's attempt for another target is finished although this tab's token is valid", async () => {
  const { store, sent, tab } = browser();
  const api = targetKey({ resource: "https://api.example" });
  await store.update(KEY, () => ({
    ...expiredRow(),
    sequence: 2,
    attempt: { ...ATTEMPT, target: api },
    access: { [DEFAULT_KEY]: { generation: 1, expiresAt: Date.now() + 60_000, scope: [] } },
  }));
  expect((await tab("a").refresh(NEED)).accessToken).toBe("at1");
  await drained();
  expect(sent.map(({ target }) => target)).toEqual([api]);
});

test("callers get the token although the store fails, and the token is stored once the store works", async () => {
  const { store, sent, tab } = browser();
  await store.update(KEY, () => expiredRow());
  const tokens = tab("a").refresh(NEED);
  await settle();
  const update = vi.spyOn(store, "update").mockRejectedValue(new StorageError("gone"));
  sent[0]!.response(responseOf(2));
  await vi.advanceTimersByTimeAsync(500);
  expect((await tokens).accessToken).toBe("at2");
  expect((await store.get(KEY))!.generation).toBe(1);
  update.mockRestore();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await store.get(KEY)).toMatchObject({ generation: 2, tokens: { refreshToken: "rt2" } });
});

test.for([
  ["after a DPoP nonce", "nonce"],
  ["A7: after a move of the token endpoint", "moved"],
] as const)("%s the tab sends again at once, and only once", async ([, type]) => {
  const { store, sent, tab } = browser();
  await store.update(KEY, () => expiredRow());
  void tab("a").refresh(NEED);
  await settle();
  sent[0]!.response({ type });
  await settle();
  expect(sent).toHaveLength(2);
  expect((await store.get(KEY))!.attempt).toMatchObject({ uncertainSends: 0 });
  sent[1]!.response({ type });
  await settle();
  expect(sent).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sent).toHaveLength(3);
});

test("an ID token whose keys could not be fetched is validated once they can", async () => {
  const { store, sent, tab } = browser();
  await store.update(KEY, () => expiredRow());
  let isAway = true;
  const validation = async () =>
    isAway ? ({ type: "unknown" } as const) : ({ type: "invalid", claim: "signature" } as const);
  const tokens = tab("a", { validation }).refresh(NEED);
  await settle();
  sent[0]!.response(responseOf(2, { idToken: "id2" }));
  await tokens;
  await vi.advanceTimersByTimeAsync(20_000);
  expect((await store.get(KEY))!.end).toBeNull();
  isAway = false;
  await vi.advanceTimersByTimeAsync(120_000);
  expect((await store.get(KEY))!.end).toMatchObject({ reason: "id_token" });
});

function isFree(locks: ReturnType<typeof browser>["locks"], name: string): Promise<boolean> {
  return locks.request(name, { mode: "shared", ifAvailable: true }, async (granted) => granted);
}

test("a commit that is retried for long does not seal the tokens for each try", async () => {
  const { store, sent, tab } = browser();
  await store.update(KEY, () => expiredRow());
  const seal = vi.spyOn(store, "seal");
  const tokens = tab("a").refresh(NEED);
  await settle();
  const update = vi.spyOn(store, "update").mockRejectedValue(new StorageError("full"));
  sent[0]!.response(responseOf(2));
  await vi.advanceTimersByTimeAsync(120_000);
  expect(update.mock.calls.length).toBeGreaterThan(6);
  // One call for the row, and one for the callers that get their token before it is stored.
  expect(seal).toHaveBeenCalledTimes(2);
  update.mockRestore();
  await vi.advanceTimersByTimeAsync(60_000);
  expect((await tokens).accessToken).toBe("at2");
  expect(await store.get(KEY)).toMatchObject({ generation: 2, tokens: { refreshToken: "rt2" } });
});
