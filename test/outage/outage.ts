/** An outage of a server. Times are milliseconds on the simulation's clock. */
export interface Outage extends OutageKind {
  readonly from: number;
  readonly until: number;
}

/** How requests fail during an outage. */
export interface OutageKind {
  readonly name: string;
  /** Time from the send to its failure. Milliseconds. */
  readonly failsInMs: number;
  /** `unknown`: no response. `not_rotated`: a 503. */
  readonly response: "unknown" | "not_rotated";
  /** The `Retry-After` of the 503. Milliseconds. */
  readonly retryAfterMs?: (outage: Outage, now: number) => number;
}

/** Time until a successful response. Milliseconds. */
export const RESPONDS_IN_MS = 100;

/** Whether the server is down at this time. */
export function isAway({ from, until }: Outage, now: number): boolean {
  return now >= from && now < until;
}
