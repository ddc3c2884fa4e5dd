import { expect, test } from "vitest";
import { MemoryTokenStorage } from "../../src/memory/memory-token-storage.ts";
import { fakeRedis } from "../support/fake-redis.ts";
import { redisTokenStorage } from "../support/redis-token-storage.ts";
import { ManualClock } from "../../src/testing.ts";
import { describeTokenStorage } from "../support/token-storage-contract.ts";

describeTokenStorage("MemoryTokenStorage", () => {
  const clock = new ManualClock();
  const entries = new Map<string, unknown>();
  return {
    open: (prefix) => new MemoryTokenStorage({ prefix, entries, clock }),
    addMs: (ms) => clock.advance(ms),
    dump: async () => JSON.stringify([...entries]),
    damage: async () => entries.forEach((_, key) => entries.set(key, "damaged")),
  };
});

describeTokenStorage("a custom storage in Redis", () => {
  const clock = new ManualClock();
  const redis = fakeRedis(() => clock.now());
  return {
    open: (prefix) => redisTokenStorage(redis, `${prefix}:`),
    addMs: (ms) => clock.advance(ms),
    dump: async () => JSON.stringify([...redis.rows]),
    damage: async () => redis.rows.forEach((_, key) => redis.rows.set(key, '{"damaged')),
  };
});

test("a custom storage rejects with a StorageError when Redis fails", async () => {
  const redis = fakeRedis(Date.now);
  for (const call of ["get", "set", "del", "exists", "keys"] as const) {
    vi.spyOn(redis, call).mockRejectedValue(new Error("ECONNREFUSED"));
  }
  const storage = redisTokenStorage(redis, "p:");
  for (const work of [
    storage.get("k"),
    storage.set("k", 1),
    storage.delete("k"),
    storage.exists("k"),
    storage.clear(),
  ]) {
    await expect(work).rejects.toMatchObject({ code: "storage", retryable: true });
  }
});

test("storages share values only when they share `entries`", async () => {
  const [a, b] = [new MemoryTokenStorage(), new MemoryTokenStorage()];
  await a.set("k", 1);
  expect([await a.get("k"), await b.get("k")]).toEqual([1, undefined]);
});
