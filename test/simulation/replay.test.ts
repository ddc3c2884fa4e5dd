import { expect, test } from "vitest";
import { mixNamed } from "./mixes.ts";
import { asked } from "./seeds.ts";
import { simulate } from "./simulate.ts";
import { show } from "./trace.ts";

const one = asked();

if (one) {
  test("the run of SEED and MIX violates no invariant", async () => {
    const { trace, violations } = await simulate(one.mix, one.seed);
    console.log(trace.map((event) => show(event)).join("\n"));
    expect(violations).toEqual([]);
  });
}

test("the same seed gives the same run, and another seed another run", async () => {
  const mix = mixNamed("all/unknown/web locks");
  const run = async (seed: number) =>
    (await simulate(mix, seed)).trace.map((event) => show(event)).join("\n");
  for (let seed = 1; seed <= 20; seed++) expect(await run(seed)).toBe(await run(seed));
  expect(await run(1)).not.toBe(await run(2));
});
