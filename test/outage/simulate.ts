import { ASKS_EVERY_MS, clientModel } from "./client.ts";
import type { Outage, OutageKind } from "./outage.ts";
import { freshMs } from "./policy.ts";
import { seeded } from "./random.ts";

/** The size of a simulation. */
export interface Scene {
  readonly clients: number;
  /** The fraction of clients whose tab is visible. */
  readonly visible: number;
  /** Lifetime of the access tokens. */
  readonly lifetimeMs: number;
  /** Length of the outage. */
  readonly awayMs: number;
}

/** The simulation that the drawing shows. */
export const SCENE: Scene = {
  clients: 1_000_000,
  visible: 0.05,
  lifetimeMs: 300_000,
  awayMs: 600_000,
};

/** Requests of each second, from one token lifetime before the failure until two after the return. */
export interface Curve {
  readonly kind: OutageKind;
  readonly counts: Uint32Array;
  /** Start of the outage, and below its end. Seconds. */
  readonly from: number;
  readonly until: number;
}

/** Simulates one client after the other. Clients are independent, so their order does not change the counts. */
export function simulate(kind: OutageKind, { clients, visible, lifetimeMs, awayMs }: Scene): Curve {
  const from = lifetimeMs;
  const until = from + awayMs;
  const end = until + 2 * lifetimeMs;
  const outage: Outage = { ...kind, from, until };
  const counts = new Uint32Array(end / 1_000);
  const fraction = seeded(1);
  const start = seeded(2);
  const client = clientModel({ lifetimeMs, outage, until: end, fraction });
  const period = freshMs(lifetimeMs) + ASKS_EVERY_MS;
  const count = (at: number): void => {
    counts[Math.floor(at / 1_000)]! += 1;
  };
  for (let i = 0; i < clients; i++) {
    const isVisible = i < clients * visible;
    client({ isVisible, born: -start() * period, asksFrom: -start() * ASKS_EVERY_MS }, count);
  }
  return { kind, counts, from: from / 1_000, until: until / 1_000 };
}
