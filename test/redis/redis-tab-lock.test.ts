import { setTimeout as sleep } from "node:timers/promises";
import { createClient, createClientPool, RESP_TYPES } from "redis";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RedisTabLock, type RedisTabLockConfig } from "../../src/redis/redis-tab-lock.ts";
import { RELEASE, RENEW, TAKE } from "../../src/redis/scripts.ts";
import { until } from "../support/until.ts";
import { commandsOf, contentOf, IS_MISSING, useRedis } from "./redis.ts";

const EXCLUSIVE = { mode: "exclusive" } as const;

describe.skipIf(IS_MISSING)("with a Redis server", () => {
  const server = useRedis();
  const open = (config?: RedisTabLockConfig) => new RedisTabLock(server().redis, config);
  const keyOf = (name: string) => `latchkey/lock//${name}`;

  /** Takes a lock and holds it until `release()`. */
  async function hold(locks: RedisTabLock, name: string) {
    let [release, grant] = [() => {}, () => {}];
    const held = new Promise<void>((resolve) => (release = resolve));
    const granted = new Promise<void>((resolve) => (grant = resolve));
    const done = locks.request(name, EXCLUSIVE, () => {
      grant();
      return held;
    });
    await Promise.race([granted, done]);
    return { release, done };
  }

  test("lets one of many requests at a time work, also of several processes", async () => {
    const processes = [open(), open(), open()];
    let [working, most, total] = [0, 0, 0];
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        processes[i % 3]!.request("l", EXCLUSIVE, async (granted) => {
          expect(granted).toBe(true);
          working++;
          most = Math.max(most, working);
          await sleep(1);
          working--;
          total++;
        }),
      ),
    );
    expect([most, total]).toEqual([1, 30]);
    expect(await contentOf(server())).toEqual({});
  });

  test("returns the result and the error of the callback, and releases the lock", async () => {
    const locks = open();
    expect(await locks.request("l", EXCLUSIVE, async () => 7)).toBe(7);
    const failing = locks.request("l", EXCLUSIVE, async () => Promise.reject(new Error("no")));
    await expect(failing).rejects.toThrow("no");
    expect(await contentOf(server())).toEqual({});
  });

  test("locks of other names and other prefixes are free", async () => {
    const { release, done } = await hold(open(), "l");
    for (const [locks, name] of [
      [open(), "m"],
      [open({ prefix: "p" }), "l"],
    ] as const)
      expect(await locks.request(name, EXCLUSIVE, async (granted) => granted)).toBe(true);
    release();
    await done;
  });

  test("refuses a held lock with ifAvailable, and grants a free lock", async () => {
    const available = { ...EXCLUSIVE, ifAvailable: true };
    const { release, done } = await hold(open(), "l");
    expect(await open().request("l", available, async (granted) => granted)).toBe(false);
    release();
    await done;
    expect(await open().request("l", available, async (granted) => granted)).toBe(true);
  });

  test("holds, also with a client that ignores the options of SET, as redis 4 does", async () => {
    const { redis } = server();
    const client = {
      set: (key: string, value: string) => redis.set(key, value),
      eval: redis.eval.bind(redis),
    };
    const { release, done } = await hold(new RedisTabLock(client), "l");
    const ttlMs = await redis.pTTL(keyOf("l"));
    expect(ttlMs > 0 && ttlMs <= 10_000).toBe(true);
    const granted = await new RedisTabLock(client).request(
      "l",
      { ...EXCLUSIVE, ifAvailable: true },
      async (isGranted) => isGranted,
    );
    expect(granted).toBe(false);
    release();
    await done;
  });

  test("an abort ends the wait for the lock, in the same process and in another process", async () => {
    const locks = open();
    const { release, done } = await hold(locks, "l");
    for (const waiting of [locks, open()]) {
      const leave = new AbortController();
      const wait = waiting.request("l", { ...EXCLUSIVE, signal: leave.signal }, async () => 1);
      await sleep(30);
      leave.abort(new Error("left"));
      await expect(wait).rejects.toThrow("left");
    }
    await expect(
      open().request("l", { ...EXCLUSIVE, signal: AbortSignal.abort() }, async () => 1),
    ).rejects.toMatchObject({ name: "AbortError" });
    release();
    await done;
    expect(await open().request("l", EXCLUSIVE, async () => 2)).toBe(2);
  });

  test("renews the lock in Redis while the holder works", async () => {
    const { redis } = server();
    const { release, done } = await hold(open({ ttlMs: 9_000 }), "l");
    await redis.configResetStat();
    const holder = await redis.get(keyOf("l"));
    await redis.pExpire(keyOf("l"), 60_000);
    let scripts = 0;
    while (scripts === 0) scripts = (await commandsOf(server()))["eval"] ?? 0;
    // The renewal has set the time to live again.
    expect(await redis.pTTL(keyOf("l"))).toBeLessThan(9_001);
    expect(await redis.get(keyOf("l"))).toBe(holder);
    release();
    await done;
  });

  test("a lock whose holder has ended is free after its time to live", async () => {
    // A process that has ended leaves such a key.
    await server().redis.set(keyOf("l"), "ended", { expiration: { type: "PX", value: 400 } });
    expect(await open().request("l", EXCLUSIVE, async () => 2)).toBe(2);
    expect(await server().redis.exists(keyOf("l"))).toBe(0);
  });

  test("reports a lost lock once, and does not release the lock of the next holder", async () => {
    const { redis } = server();
    const lost: string[] = [];
    const { release, done } = await hold(
      open({ ttlMs: 300, onLost: (name) => lost.push(name) }),
      "l",
    );
    await redis.set(keyOf("l"), "the next holder");
    await until("the loss is reported", () => lost.length > 0);
    release();
    await done;
    expect(lost).toEqual(["l"]);
    expect(await redis.get(keyOf("l"))).toBe("the next holder");
  });

  test("reports at the release that the lock was lost", async () => {
    const lost: string[] = [];
    const { release, done } = await hold(open({ onLost: (name) => lost.push(name) }), "l");
    await server().redis.del(keyOf("l"));
    release();
    await done;
    expect(lost).toEqual(["l"]);
  });

  test("also reports a lost lock to a client whose numbers are strings", async () => {
    const client = server().redis.withTypeMapping({ [RESP_TYPES.NUMBER]: String });
    const lost: string[] = [];
    const locks = new RedisTabLock(client, { onLost: (name) => lost.push(name) });
    const { release, done } = await hold(locks, "l");
    await server().redis.del(keyOf("l"));
    release();
    await done;
    expect(lost).toEqual(["l"]);
  });

  test("50 waiting requests in two processes ask Redis a few times a second", async () => {
    const { release, done } = await hold(open(), "l");
    const [a, b] = [open(), open()];
    const waiting = Array.from({ length: 50 }, (_, i) =>
      [a, b][i % 2]!.request("l", EXCLUSIVE, async () => 1),
    );
    await server().redis.configResetStat();
    const startedAt = performance.now();
    await sleep(2_000);
    const { set = 0 } = await commandsOf(server());
    // The shortest waits add up to 1.1 s for the first ten tries. Each later wait takes 375 ms or more.
    const seconds = (performance.now() - startedAt) / 1_000;
    expect(set).toBeGreaterThan(0);
    expect(set).toBeLessThanOrEqual(2 * (10 + 3 * seconds));
    release();
    await Promise.all([done, ...waiting]);
  });
});

test("an abort while Redis takes the lock releases the lock", async () => {
  const client = {
    eval: vi.fn((script: string, _options: { keys: string[]; arguments: string[] }) =>
      script === TAKE ? new Promise(() => {}) : Promise.resolve(1),
    ),
  };
  const leave = new AbortController();
  const options = { ...EXCLUSIVE, signal: leave.signal };
  const wait = new RedisTabLock(client).request("l", options, async () => expect.unreachable());
  await until("the script is sent", () => client.eval.mock.calls.length > 0);
  leave.abort(new Error("left"));
  await expect(wait).rejects.toThrow("left");
  const [, { keys, arguments: args }] = client.eval.mock.calls[0]!;
  expect(client.eval).toHaveBeenLastCalledWith(RELEASE, { keys, arguments: args.slice(0, 1) });
});

describe("the renewals", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A lock that is held for 35 s, and a Redis whose reply to each script is `reply`. */
  function held(reply: () => Promise<number>) {
    const scripts: string[] = [];
    const client = {
      eval: async (script: string) => {
        if (script === TAKE) return "OK";
        scripts.push(script);
        return reply();
      },
    };
    const onLost = vi.fn();
    const done = new RedisTabLock(client, { ttlMs: 9_000, onLost }).request("l", EXCLUSIVE, () =>
      vi.advanceTimersByTimeAsync(35_000),
    );
    return { scripts, onLost, done };
  }

  test("are sent three times in the time to live, and end at the release", async () => {
    const { scripts, onLost, done } = held(async () => 1);
    await done;
    const all = [...Array.from({ length: 11 }, () => RENEW), RELEASE];
    expect(scripts).toEqual(all);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(scripts).toEqual(all);
    expect(onLost).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("end when the lock is lost, and the lock is not released", async () => {
    const { scripts, onLost, done } = held(async () => 0);
    await done;
    expect([scripts.length, onLost.mock.calls]).toEqual([1, [["l"]]]);
  });

  test("are tried again while Redis fails, until the time to live has passed", async () => {
    const { scripts, onLost, done } = held(() => Promise.reject(new Error("ECONNREFUSED")));
    await done;
    expect([scripts.length, onLost.mock.calls]).toEqual([4, [["l"]]]);
  });
});

test("a shared lock, a wrong client, a pool and a wrong ttlMs or timeoutMs are ConfigurationErrors before any command", async () => {
  const client = { eval: async () => expect.unreachable() };
  await expect(
    new RedisTabLock(client).request("l", { mode: "shared" }, async () => 1),
  ).rejects.toMatchObject({ code: "configuration", input: "mode" });
  for (const [input, make] of [
    ["client", () => new RedisTabLock({ set: client.eval } as never)],
    ["client", () => new RedisTabLock(createClientPool())],
    ["ttlMs", () => new RedisTabLock(client, { ttlMs: 50 })],
    ["ttlMs", () => new RedisTabLock(client, { ttlMs: 90 * 86_400_000 })],
    ["timeoutMs", () => new RedisTabLock(client, { timeoutMs: Number.MAX_SAFE_INTEGER })],
    ["prefix", () => new RedisTabLock(client, { prefix: null as never })],
  ] as const)
    expect(make).toThrow(expect.objectContaining({ code: "configuration", input }));
  expect(() => new RedisTabLock(createClient())).not.toThrow();
});
