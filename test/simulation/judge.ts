import type { SessionRow } from "../../src/core/session.ts";
import type { RefreshTiming } from "../../src/refresh/timing.ts";
import type { Mix } from "./mixes.ts";
import type { Server } from "./server.ts";
import { all, type Of, type Trace } from "./trace.ts";

/** A run that is over, as invariants look at it. */
export interface Evidence {
  readonly trace: Trace;
  readonly mix: Mix;
  readonly timing: RefreshTiming;
  readonly server: Pick<Server, "find" | "isCurrent">;
  /** At rest, by person. */
  readonly rows: ReadonlyMap<string, SessionRow>;
}

/** Says what is wrong, or nothing. */
export type Invariant = (evidence: Evidence) => string | undefined;

/** When the sender of a request learned what became of it; never: infinity. */
export function overAt(trace: Trace): (id: number) => number {
  const over = new Map(all(trace, "over").map(({ id, t }) => [id, t]));
  return (id) => over.get(id) ?? Infinity;
}

/** When the lock of an attempt that had sent at `t` was free, or its tab gone; never: infinity. */
export function ownerEndAt(trace: Trace): (send: Of<"send">) => number {
  const ends = new Map(all(trace, "owner end").map(({ attemptId, t }) => [attemptId, t]));
  return ({ claim }) => ends.get(claim.attemptId) ?? Infinity;
}

export function refreshTokenOf(row: SessionRow | undefined): string | undefined {
  return (row?.tokens as { refreshToken?: string } | null | undefined)?.refreshToken;
}

export function hasFault(mix: Mix, ...faults: Parameters<Mix["faults"]["has"]>[0][]): boolean {
  return faults.some((fault) => mix.faults.has(fault));
}
