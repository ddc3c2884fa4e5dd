import { expect, test } from "vitest";
import { MemoryTokenStorage } from "../../src/memory/memory-token-storage.ts";
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

test("storages share values only when they share `entries`", async () => {
  const [a, b] = [new MemoryTokenStorage(), new MemoryTokenStorage()];
  await a.set("k", 1);
  expect([await a.get("k"), await b.get("k")]).toEqual([1, undefined]);
});
