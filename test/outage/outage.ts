/** A server that is away for a while, and what its clients notice of it. Milliseconds, on the simulation's clock. */
export interface Outage extends OutageKind {
  readonly from: number;
  readonly until: number;
}

export interface OutageKind {
  readonly name: string;
  /** From the send to its failure. */
  readonly failsInMs: number;
  /** `unknown`: no answer. `not_rotated`: a 503. */
  readonly response: "unknown" | "not_rotated";
  /** What the 503 asks for. */
  readonly retryAfterMs?: (outage: Outage, now: number) => number;
}

/** A good answer takes so long. */
export const RESPONDS_IN_MS = 100;

export function isAway({ from, until }: Outage, now: number): boolean {
  return now >= from && now < until;
}
