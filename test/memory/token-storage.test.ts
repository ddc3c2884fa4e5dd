import { expect, test } from "vitest";
import { MemoryTokenStorage } from "../../src/memory/memory-token-storage.ts";
import { describeTokenStorage } from "../support/token-storage-contract.ts";

function testTime() {
  let time = 1_800_000_000_000;
  return { clock: { now: () => time }, addMs: (ms: number) => void (time += ms) };
}

describeTokenStorage("MemoryTokenStorage", () => {
  const { clock, addMs } = testTime();
  const entries = new Map<string, unknown>();
  return {
    open: (prefix) => new MemoryTokenStorage({ prefix, entries, clock }),
    addMs,
    dump: async () => JSON.stringify([...entries]),
    damage: async () => entries.forEach((_, key) => entries.set(key, "damaged")),
  };
});

test("storages share values only when they share `entries`", async () => {
  const [a, b] = [new MemoryTokenStorage(), new MemoryTokenStorage()];
  await a.set("k", 1);
  expect([await a.get("k"), await b.get("k")]).toEqual([1, undefined]);
});
