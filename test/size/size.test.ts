import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { measureSizes, type Size } from "./measure.ts";

let sizes: readonly Size[];
beforeAll(async () => {
  sizes = await measureSizes();
}, 60_000);

test("an app loads no more than each limit allows", () => {
  for (const { what, bytes, limit } of sizes) {
    expect(bytes, what).toBeGreaterThan(100);
    expect(bytes, what).toBeLessThanOrEqual(limit);
  }
});

test("the guide states the measured sizes", () => {
  const guide = readFileSync(new URL("../../demo/guides/sizes.md", import.meta.url), "utf8");
  const rows = [...guide.matchAll(/^\| (.+?) +\| (\d+\.\d) kB +\|$/gm)];
  expect(rows.map(([, what]) => what)).toEqual(sizes.map(({ what }) => what));
  rows.forEach(([, what, kB], i) => {
    // A few bytes differ between two builds, and may move the rounded number.
    expect(Math.abs(Number(kB) - sizes[i]!.bytes / 1000), what).toBeLessThan(0.1);
  });
  const [, first] = /(\d+\.\d) kB/.exec(guide)!;
  expect(first, "on its first screen").toBe(rows[0]![2]);
});
