import { expect, test } from "vitest";
import { KINDS } from "./kinds.ts";
import { BOUND, measure, WINDOW_S } from "./measures.ts";
import type { OutageKind } from "./outage.ts";
import { SCENE, simulate } from "./simulate.ts";

const CLIENTS = 200_000;
/** The largest of some sixty windows that do not overlap is hardly ever more than so many standard deviations above its mean. */
const DEVIATIONS = 3.5;

test.for(KINDS.map((kind) => [kind.name, kind] as const))(
  "%s: ten minutes away, and no herd comes back",
  ([, kind]) => {
    expectNoHerd(kind);
  },
);

function expectNoHerd(kind: OutageKind): void {
  const { steady, peakBack, peakAway } = measure(simulate(kind, { ...SCENE, clients: CLIENTS }));
  expect(steady).toBeCloseTo(CLIENTS / 271, -1);
  expect(peakAway).toBeGreaterThan(1);
  // Independent clients: the count of a window varies by its square root.
  const noise = DEVIATIONS / Math.sqrt(BOUND * steady * WINDOW_S);
  expect(peakBack).toBeLessThanOrEqual(BOUND * (1 + noise));
}
