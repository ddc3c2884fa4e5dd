import { afterEach, describe, expect, test, vi } from "vitest";
import { createTokenManager } from "../../src/compose/create-token-manager.ts";
import { targetKey } from "../../src/core/token-target.ts";
import { tokenSet } from "../../src/core/token-set.ts";
import { RedisTabLock } from "../../src/redis/redis-tab-lock.ts";
import { RedisTokenStorage } from "../../src/redis/redis-token-storage.ts";
import { startProcesses, startTokenEndpoint } from "./processes.ts";
import { contentOf, IS_MISSING, useRedis } from "./redis.ts";

describe.skipIf(IS_MISSING)("with a Redis server", () => {
  const server = useRedis();
  let stop: (() => void)[] = [];
  afterEach(() => {
    for (const end of stop.splice(0)) end();
    stop = [];
  });

  test("two processes with 1,000 concurrent calls each make one token request", async () => {
    const endpoint = await startTokenEndpoint();
    stop.push(endpoint.stop);
    const service = await startProcesses(2, {
      redis: server().url,
      issuer: endpoint.issuer,
      lockMs: 60_000,
    });
    stop.push(service.stop);
    for (const process of service.processes) process.call(1_000);
    for (const process of service.processes)
      expect(await process.result()).toEqual({ tokens: ["at1"], calls: 1_000 });
    expect(endpoint.requests).toHaveLength(1);
    expect(Object.keys(await contentOf(server()))).toEqual([
      expect.stringMatching(/^latchkey\/storage\/p\/auth_token:/),
    ]);
  });

  /** The token manager of a process for Ada's tokens. The tokens are `at 1`, `at 2` and so on. */
  function managerOf(
    counter: { count: number },
    storage: RedisTokenStorage,
    wait = async () => {},
  ) {
    return createTokenManager({
      provider: {
        requestToken: async () => {
          counter.count += 1;
          const { count } = counter;
          await wait();
          return tokenSet({
            accessToken: `at ${count}`,
            tokenType: "Bearer",
            refreshToken: `rt ${count}`,
            expiresAt: Date.now() + 3_600_000,
            scope: [],
          });
        },
      },
      owner: { getUser: async () => ({ sub: "ada" }) },
      storage,
      locks: new RedisTabLock(server().redis),
    });
  }

  /** Lets `ms` milliseconds pass for all keys of Redis. */
  async function pass(ms: number): Promise<void> {
    const { redis } = server();
    for (const key of Object.keys(await contentOf(server()))) {
      const ttlMs = await redis.pTTL(key);
      if (ttlMs > ms) await redis.pExpire(key, ttlMs - ms);
      else if (ttlMs >= 0) await redis.unlink(key);
    }
  }

  test("removeUser() also deletes tokens that were renewed while the storage has a ttlMs", async () => {
    const storage = new RedisTokenStorage(server().redis, { ttlMs: 60_000 });
    const manager = managerOf({ count: 0 }, storage);
    await manager.getToken();
    await pass(50_000);
    await manager.forceRefresh(); // stores the tokens for 60 s again
    await pass(20_000);
    expect(JSON.stringify(await contentOf(server()))).toContain("rt 2");
    await manager.removeUser("ada");
    expect(JSON.stringify(await contentOf(server()))).not.toContain("rt 2");
  });

  test("a refresh that runs in another process stores no tokens of a removed user", async () => {
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const counter = { count: 0 };
    const storage = new RedisTokenStorage(server().redis);
    const first = managerOf(counter, storage);
    const second = managerOf(counter, storage, () => held);
    await first.getToken();
    const refresh = second.forceRefresh();
    await vi.waitFor(() => expect(counter.count).toBe(2));
    await first.removeUser("ada");
    answer();
    // The user is still signed in at the owner of the second manager, so it requests other tokens.
    expect(await refresh).toBe("at 3");
    expect(JSON.stringify(await contentOf(server()))).not.toContain("rt 2");
  });

  test("a first token request that runs in another process stores no tokens of a removed user", async () => {
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const counter = { count: 0 };
    const storage = new RedisTokenStorage(server().redis);
    const token = managerOf(counter, storage, () => held).getToken();
    await vi.waitFor(() => expect(counter.count).toBe(1));
    await managerOf(counter, storage).removeUser("ada");
    answer();
    expect(await token).toBe("at 2");
    expect(JSON.stringify(await contentOf(server()))).not.toContain("rt 1");
  });

  test("a process that reads a damaged token deletes no newer token of another process", async () => {
    const storage = new RedisTokenStorage(server().redis);
    const key = `auth_token::ada:${targetKey({})}`;
    await storage.set(key, { accessToken: 5 });
    const counter = { count: 0 };
    const get = storage.get.bind(storage);
    storage.get = async (name) => {
      const value = await get(name);
      if (name === key) {
        storage.get = get;
        await managerOf(counter, new RedisTokenStorage(server().redis)).getToken();
      }
      return value;
    };
    expect(await managerOf(counter, storage).getToken()).toBe("at 1");
    expect(counter.count).toBe(1);
  });

  test("damaged tokens in an undamaged record are deleted, and a record that was set aside stays", async () => {
    const storage = new RedisTokenStorage(server().redis);
    const key = `auth_token::ada:${targetKey({})}`;
    await server().redis.set(`latchkey/aside//${key}`, "{damaged");
    await storage.set(key, { accessToken: 5 });
    expect(await managerOf({ count: 0 }, storage).getToken()).toBe("at 1");
    expect(await storage.get(key)).toMatchObject({ accessToken: "at 1" });
    expect(await contentOf(server())).toMatchObject({ [`latchkey/aside//${key}`]: "{damaged" });
  });
});
