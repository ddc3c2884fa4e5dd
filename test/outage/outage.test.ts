import { expect, test } from "vitest";
import { KINDS } from "./kinds.ts";
import { BOUND, measure, WINDOW_S } from "./measures.ts";
import type { OutageKind } from "./outage.ts";
import { SCENE, simulate } from "./simulate.ts";

const CLIENTS = 200_000;
/** The largest of about 60 separate windows is almost never more than this many standard deviations above the mean. */
const DEVIATIONS = 3.5;

test.for(KINDS.map((kind) => [kind.name, kind] as const))(
  "%s: after ten minutes down, the clients do not return all at once",
  ([, kind]) => {
    expectNoHerd(kind);
  },
);

function expectNoHerd(kind: OutageKind): void {
  const { steady, peakBack, peakAway } = measure(simulate(kind, { ...SCENE, clients: CLIENTS }));
  expect(steady).toBeCloseTo(CLIENTS / 271, -1);
  expect(peakAway).toBeGreaterThan(1);
  // Clients are independent, so the standard deviation of a window is the square root of its count.
  const noise = DEVIATIONS / Math.sqrt(BOUND * steady * WINDOW_S);
  expect(peakBack).toBeLessThanOrEqual(BOUND * (1 + noise));
}
