import { describe, expect, test } from "vitest";
import { mixNamed } from "./mixes.ts";
import { mutated, MUTANTS } from "./mutants.ts";
import { asked } from "./seeds.ts";
import { simulate } from "./simulate.ts";

const SEEDS = 300;

describe.skipIf(asked())("caught within 300 seeds:", () => {
  test.for(MUTANTS)("$name", { timeout: 120_000 }, async (mutant) => {
    const subject = await mutated(mutant);
    const mix = mixNamed(mutant.mix);
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violations } = await simulate(mix, seed, subject);
      if (violations.some(({ invariant }) => mutant.breaks.includes(invariant))) return;
    }
    expect.unreachable("nobody noticed");
  });
});
