import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { clientModel, type Client } from "./client.ts";
import { startRealClient } from "./real-client.ts";
import { KINDS } from "./kinds.ts";
import type { Outage } from "./outage.ts";
import { seeded } from "./random.ts";

/** The model sends at the same times as the real parts. */

const MINUTE_MS = 60_000;
const LIFETIME_MS = 5 * MINUTE_MS;
const FROM = 4 * MINUTE_MS;
const END = 25 * MINUTE_MS;

const CLIENTS: readonly Client[] = [false, true, false, true].map((isVisible, i) => ({
  isVisible,
  born: 1_000 + 60_000 * i,
  asksFrom: 1_500 + 60_137 * i,
}));

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

test.for(KINDS.flatMap((kind) => [1, 10].map((minutes) => [kind.name, minutes, kind] as const)))(
  "%s, for %i minutes: the model sends when the real parts send",
  async ([, minutes, kind]) => {
    const outage: Outage = { ...kind, from: FROM, until: FROM + minutes * MINUTE_MS };
    const conditions = (seed: number) => ({
      lifetimeMs: LIFETIME_MS,
      outage,
      until: END,
      fraction: seeded(seed),
    });
    const real = CLIENTS.map((client, i) => {
      const sends: number[] = [];
      void startRealClient(client, conditions(i), (at) => sends.push(at));
      return sends;
    });
    await vi.advanceTimersByTimeAsync(END);
    for (const [i, client] of CLIENTS.entries()) {
      const model: number[] = [];
      clientModel(conditions(i))(client, (at) => model.push(at));
      expect(model.at(-1)).toBeGreaterThan(outage.until);
      expect(real[i]).toEqual(model);
    }
  },
);
