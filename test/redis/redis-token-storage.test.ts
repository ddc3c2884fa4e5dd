import { createClient, RESP_TYPES } from "redis";
import { describe, expect, test } from "vitest";
import { StorageError } from "../../src/core/errors.ts";
import { RedisTokenStorage } from "../../src/redis/redis-token-storage.ts";
import { describeTokenStorage } from "../support/token-storage-contract.ts";
import { commandsOf, contentOf, IS_MISSING, useRedis } from "./redis.ts";

describe.skipIf(IS_MISSING)("with a Redis server", () => {
  const server = useRedis();
  const open = (config?: ConstructorParameters<typeof RedisTokenStorage>[1]) =>
    new RedisTokenStorage(server().redis, config);
  const records = async () =>
    Object.fromEntries(
      Object.entries(await contentOf(server())).filter(([key]) =>
        key.startsWith("latchkey/storage/"),
      ),
    );

  describeTokenStorage("RedisTokenStorage", () => {
    const { redis } = server();
    return {
      open: (prefix) => open({ prefix }),
      // The clock of Redis cannot be advanced, so all times of expiry move towards now.
      addMs: async (ms) => {
        for (const key of Object.keys(await records())) {
          const end = await redis.pExpireTime(key);
          if (end > 0) await redis.pExpireAt(key, Math.max(1, end - ms));
        }
      },
      dump: async () => JSON.stringify(await records()),
      damage: async () => {
        for (const key of Object.keys(await records())) await redis.set(key, '{"damaged');
      },
    };
  });

  test("clear() finds the keys with SCAN and never with KEYS", async () => {
    const { redis } = server();
    const [one, other] = [open({ prefix: "one" }), open({ prefix: "other" })];
    await Promise.all(Array.from({ length: 700 }, (_, i) => one.set(`${i}`, i)));
    await other.set("k", "other");
    await redis.configResetStat();
    await one.clear();
    const { scan = 0, keys = 0 } = await commandsOf(server());
    expect([scan > 0, keys]).toEqual([true, 0]);
    expect(Object.keys(await contentOf(server()))).toEqual(["latchkey/storage/other/k"]);
  });

  test("clear() reads no pattern in a prefix", async () => {
    const [star, plain] = [open({ prefix: "a*" }), open({ prefix: "ab" })];
    await star.set("k", 1);
    await plain.set("k", 2);
    await star.clear();
    expect([await star.get("k"), await plain.get("k")]).toEqual([undefined, 2]);
  });

  test("gives a value without a time to live the time of the option ttlMs", async () => {
    const { redis } = server();
    const storage = open({ ttlMs: 60_000 });
    await storage.set("k", 1);
    await storage.set("short", 1, 1_000);
    expect(await redis.pTTL("latchkey/storage//k")).toBeGreaterThan(1_000);
    expect(await redis.pTTL("latchkey/storage//short")).toBeLessThan(1_001);
    await open().set("k", 1);
    expect(await redis.pTTL("latchkey/storage//k")).toBe(-1);
  });

  test("stores a value with a time to live of any length", async () => {
    const storage = open();
    for (const ttlMs of [Number.MAX_SAFE_INTEGER, 1e21, Number.MAX_VALUE, Infinity]) {
      await storage.set("k", `${ttlMs}`, ttlMs);
      expect(await storage.get("k")).toBe(`${ttlMs}`);
      expect(await storage.replace("l", `${ttlMs}`, ttlMs, () => true)).toBe(true);
      expect(await storage.get("l")).toBe(`${ttlMs}`);
    }
  });

  test.for([
    ["no JSON", '{"acc'],
    ["no record", "null"],
    ["a record without a value", '{"version":1}'],
    ["a record of an unknown form", '{"accessToken":"at"}'],
  ])("sets %s aside for a day, and delete() deletes it", async ([, text]) => {
    const { redis } = server();
    const storage = open({ prefix: "p" });
    await redis.set("latchkey/storage/p/k", text!);
    expect(await storage.get("k")).toBeUndefined();
    expect(await contentOf(server())).toEqual({ "latchkey/aside/p/k": text });
    const ttlMs = await redis.pTTL("latchkey/aside/p/k");
    expect(ttlMs > 86_000_000 && ttlMs <= 86_400_000).toBe(true);
    await storage.set("k", "new");
    expect(await storage.get("k")).toBe("new");
    await storage.delete("k");
    expect(await contentOf(server())).toEqual({});
  });

  test("stores null, false and zero", async () => {
    const storage = open();
    for (const value of [null, false, 0, ""]) {
      await storage.set("k", value);
      expect(await storage.get("k")).toBe(value);
    }
    expect(Object.keys(await contentOf(server()))).toEqual(["latchkey/storage//k"]);
  });

  test("sets a record aside that is no text, and clear() deletes it", async () => {
    await server().redis.rPush("latchkey/storage/p/k", "x");
    const storage = open({ prefix: "p" });
    expect(await storage.replace("k", "new", undefined, (stored) => stored === undefined)).toBe(
      true,
    );
    expect(await contentOf(server())).toMatchObject({ "latchkey/aside/p/k": "list" });
    expect(await storage.get("k")).toBe("new");
    await storage.clear();
    expect(await contentOf(server())).toEqual({});
  });

  test("a record of a newer version is a StorageError, and stays", async () => {
    const storage = open({ prefix: "p" });
    const text = '{"version":2,"value":{"accessToken":"at-secret"}}';
    await server().redis.set("latchkey/storage/p/k", text);
    for (const work of [
      () => storage.get("k"),
      () => storage.exists("k"),
      () => storage.set("k", "older"),
      () => storage.set("k", "older", 1_000),
      () => storage.replace("k", "older", undefined, () => true),
    ]) {
      const error = await work().catch((error: unknown) => error);
      expect(error).toBeInstanceOf(StorageError);
      expect(String(error)).toContain("a record of version 2");
      expect(String(error)).not.toContain("at-secret");
    }
    expect(await contentOf(server())).toEqual({ "latchkey/storage/p/k": text });
    await storage.delete("k");
    expect(await contentOf(server())).toEqual({});
  });

  test("set() replaces a record that is damaged, or that is no text", async () => {
    const storage = open({ prefix: "p" });
    await server().redis.set("latchkey/storage/p/k", '{"version":2.5');
    await storage.set("k", "new");
    expect(await storage.get("k")).toBe("new");
    await server().redis.rPush("latchkey/storage/p/l", "x");
    await storage.set("l", "new", 60_000);
    expect(await storage.get("l")).toBe("new");
  });

  test("replace() loses none of many concurrent changes, and keeps what it may not replace", async () => {
    const storages = [open(), open(), open()];
    const add = async (storage: RedisTokenStorage, name: string) => {
      for (;;) {
        const before = (await storage.get("k")) as string[] | undefined;
        const isSame = (stored: unknown) => JSON.stringify(stored) === JSON.stringify(before);
        if (await storage.replace("k", [...(before ?? []), name], undefined, isSame)) return;
      }
    };
    await Promise.all(Array.from({ length: 30 }, (_, i) => add(storages[i % 3]!, `${i}`)));
    expect(new Set((await open().get("k")) as string[]).size).toBe(30);
    expect(await open().replace("k", "other", 1_000, () => false)).toBe(false);
    expect(await open().get("k")).toHaveLength(30);
    expect(await open().replace("k", undefined, undefined, () => true)).toBe(true);
    expect(await open().exists("k")).toBe(false);
  });

  test("replace() calls mayReplace again if the value changes before it is replaced", async () => {
    const [mine, theirs] = [open(), open()];
    await theirs.set("k", "old");
    const seen: unknown[] = [];
    const isReplaced = await mine.replace("k", "mine", 60_000, (stored) => {
      seen.push(stored);
      // The client sends this command before the script.
      if (seen.length === 1) void theirs.set("k", "theirs");
      return stored === "old";
    });
    expect([isReplaced, seen, await mine.get("k")]).toEqual([false, ["old", "theirs"], "theirs"]);
  });

  test.for([
    ["numbers are strings", { [RESP_TYPES.NUMBER]: String }],
    ["texts are buffers", { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.SIMPLE_STRING]: Buffer }],
  ] as const)("works with a client whose %s", async ([, typeMapping]) => {
    const created = createClient({ url: server().url, commandOptions: { typeMapping } });
    await created.connect();
    for (const client of [created, server().redis.withTypeMapping(typeMapping)]) {
      const storage = new RedisTokenStorage(client);
      await storage.set("k", "old");
      expect(await storage.replace("k", "new", undefined, (stored) => stored === "old")).toBe(true);
      expect(await storage.get("k")).toBe("new");
      await storage.clear();
      expect(await records()).toEqual({});
    }
    created.destroy();
  });
});

test("the error of replace() after its last try speaks of Redis, and not of the browser", async () => {
  let n = 0;
  const storage = new RedisTokenStorage({
    get: async () => JSON.stringify({ version: 1, value: ++n }),
    unlink: async () => 0,
    eval: async () => 0,
    async *scanIterator() {},
  });
  const error = await storage.replace("k", 1, undefined, () => true).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(StorageError);
  expect((error as StorageError).message).toMatch(
    /^another process changed .*\nCall again\. .* Redis/,
  );
  expect((error as StorageError).hint).not.toContain("browser");
});

describe("the configuration", () => {
  const client = {
    get: async () => null,
    unlink: async () => 1,
    eval: async () => 1,
    async *scanIterator() {},
  };

  test("a ttlMs and a timeoutMs may have their largest value", () => {
    const config = { ttlMs: Number.MAX_SAFE_INTEGER, timeoutMs: 2 ** 31 - 1 };
    expect(() => new RedisTokenStorage(client, config)).not.toThrow();
  });

  test.for([
    ["client", undefined, {}],
    ["client", { ...client, eval: undefined }, {}],
    ["client", { ...client, options: { keyPrefix: "p:" } }, {}],
    ["prefix", client, { prefix: 7 }],
    ["ttlMs", client, { ttlMs: 0 }],
    ["ttlMs", client, { ttlMs: Number.NaN }],
    ["timeoutMs", client, { timeoutMs: Number.POSITIVE_INFINITY }],
    ["timeoutMs", client, { timeoutMs: 2 ** 31 }],
  ] as const)(
    "a wrong %s is a ConfigurationError before any command",
    ([input, client, config]) => {
      expect(() => new RedisTokenStorage(client as never, config as never)).toThrow(
        expect.objectContaining({ code: "configuration", input }),
      );
    },
  );
});
