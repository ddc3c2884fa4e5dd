import { describe, test } from "vitest";
import { MIXES } from "./mixes.ts";
import { asked, runSeeds } from "./seeds.ts";

describe.skipIf(asked())("without Web Locks every invariant holds in", () => {
  test.for(MIXES.filter(({ webLocks }) => !webLocks))("$name", { timeout: 600_000 }, runSeeds);
});
