import { REFRESH_TIMING, type RefreshTiming } from "../../src/refresh/timing.ts";
import type { Mix } from "./mixes.ts";
import type { Prng } from "./prng.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Happening, Traced } from "./trace.ts";

/** `inDoubtMs` is shorter than in production, so that it passes within a run. */
export const TIMING: RefreshTiming = { ...REFRESH_TIMING, inDoubtMs: 40_000 };

/** Start of virtual time. A realistic date, because tokens expire at a date. Milliseconds since the Unix epoch. */
export const EPOCH = 1_700_000_000_000;

/** The present faults of the browser, its network and the server. */
export interface Weather {
  online: boolean;
  /** How the server fails: it sends no response ("silent"), or this status. */
  outage: "none" | "silent" | "503" | "500" | "429";
  keysDown: boolean;
  slowStorage: boolean;
  wallOffsetMs: number;
  /** False at the end of a run, when faults have ended and all pending calls must end. */
  faulty: boolean;
}

/** No fault is active. */
export const FINE: Readonly<Weather> = {
  online: true,
  outage: "none",
  keysDown: false,
  slowStorage: false,
  wallOffsetMs: 0,
  faulty: true,
};

/** A point of an attempt at which a fault may hit its owner. */
export type Point = "claimed" | "permitted" | "sent" | "processed" | "responded" | "committed";

/** The parts that everything in a run shares. */
export interface Stage {
  readonly mix: Mix;
  readonly timing: RefreshTiming;
  readonly prng: Prng;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  readonly trace: Traced[];
  /** Lifetime of the access tokens. Milliseconds. */
  readonly lifetimeMs: number;
  atPoint: (point: Point, tab: string) => void;
}

/** Adds an event to the trace, with the present virtual time. */
export function record(stage: Stage, happening: Happening): void {
  stage.trace.push({ t: stage.scheduler.now, ...happening });
}

/** Decides at random whether a fault of this kind happens now. */
export function strikes(
  stage: Stage,
  fault: Parameters<Mix["faults"]["has"]>[0],
  probability: number,
): boolean {
  const { mix, weather, prng } = stage;
  // When all faults are active each is rarer. Otherwise no refresh would ever succeed.
  const share = mix.faults.size > 2 ? 0.3 : 1;
  return weather.faulty && mix.faults.has(fault) && prng.chance(probability * share);
}
