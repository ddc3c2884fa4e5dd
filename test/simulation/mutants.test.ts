import { describe, expect, test } from "vitest";
import { INVARIANT_NAMES } from "./invariants.ts";
import { mixNamed } from "./mixes.ts";
import { mutated, MUTANTS } from "./mutants.ts";
import { asked } from "./seeds.ts";
import { simulate } from "./simulate.ts";

const SEEDS = 300;

test("at least one mutant breaks each invariant", () => {
  const broken = new Set(MUTANTS.flatMap(({ breaks }) => breaks));
  expect(INVARIANT_NAMES.filter((name) => !broken.has(name))).toEqual([]);
});

describe.skipIf(asked())("the invariants catch within 300 seeds:", () => {
  test.for(MUTANTS)("$name", { timeout: 120_000 }, async (mutant) => {
    const subject = await mutated(mutant);
    const mix = mixNamed(mutant.mix);
    const unseen = new Set(mutant.breaks);
    for (let seed = 1; seed <= SEEDS && unseen.size > 0; seed++) {
      const { violations } = await simulate(mix, seed, subject);
      for (const { invariant } of violations) unseen.delete(invariant);
    }
    expect([...unseen]).toEqual([]);
  });
});
