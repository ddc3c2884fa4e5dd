import type { SessionRow } from "../../src/core/session.ts";
import type { RefreshTiming } from "../../src/refresh/timing.ts";
import type { Mix } from "./mixes.ts";
import type { Server } from "./server.ts";
import { all, type Of, type Trace } from "./trace.ts";

/** A finished run, which every invariant checks. */
export interface Evidence {
  readonly trace: Trace;
  readonly mix: Mix;
  readonly timing: RefreshTiming;
  readonly server: Pick<Server, "find" | "isCurrent">;
  /** The rows at the end of the run, by user. */
  readonly rows: ReadonlyMap<string, SessionRow>;
}

/** Returns a description of the first violation, or `undefined`. */
export type Invariant = (evidence: Evidence) => string | undefined;

/** By request: when its sender learned the result. Milliseconds; `Infinity` if never. */
export function overAt(trace: Trace): (id: number) => number {
  const over = new Map(all(trace, "over").map(({ id, t }) => [id, t]));
  return (id) => over.get(id) ?? Infinity;
}

/** By send: when the lock of its attempt became free or its tab closed. Milliseconds; `Infinity` if never. */
export function ownerEndAt(trace: Trace): (send: Of<"send">) => number {
  const ends = new Map(all(trace, "owner end").map(({ attemptId, t }) => [attemptId, t]));
  return ({ claim }) => ends.get(claim.attemptId) ?? Infinity;
}

/** The refresh token in a row. The simulation does not seal tokens. */
export function refreshTokenOf(row: SessionRow | undefined): string | undefined {
  return (row?.tokens as { refreshToken?: string } | null | undefined)?.refreshToken;
}

/** Whether the mix contains any of these faults. */
export function hasFault(mix: Mix, ...faults: Parameters<Mix["faults"]["has"]>[0][]): boolean {
  return faults.some((fault) => mix.faults.has(fault));
}
