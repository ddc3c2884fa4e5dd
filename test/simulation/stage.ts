import { REFRESH_TIMING, type RefreshTiming } from "../../src/refresh/timing.ts";
import type { Mix } from "./mixes.ts";
import type { Prng } from "./prng.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Happening, Traced } from "./trace.ts";

/** Shorter than in life, so that a run sees its end. */
export const TIMING: RefreshTiming = { ...REFRESH_TIMING, inDoubtMs: 40_000 };

/** A real day, so that a token's end is a date. */
export const EPOCH = 1_700_000_000_000;

/** What the whole machine, its network and the server suffer from now. */
export interface Weather {
  online: boolean;
  /** What the server does instead of answering. */
  outage: "none" | "silent" | "503" | "500" | "429";
  keysDown: boolean;
  slowStorage: boolean;
  wallOffsetMs: number;
  /** False at the end of a run, when everything that is left must come right. */
  faulty: boolean;
}

export const FINE: Readonly<Weather> = {
  online: true,
  outage: "none",
  keysDown: false,
  slowStorage: false,
  wallOffsetMs: 0,
  faulty: true,
};

/** An instant in the life of an attempt at which a fault may hit its owner. */
export type Point = "claimed" | "permitted" | "sent" | "processed" | "answered" | "committed";

/** What everything in a run shares. */
export interface Stage {
  readonly mix: Mix;
  readonly timing: RefreshTiming;
  readonly prng: Prng;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  readonly trace: Traced[];
  /** Of the access tokens the server gives. Milliseconds. */
  readonly lifetimeMs: number;
  atPoint: (point: Point, tab: string) => void;
}

export function record(stage: Stage, happening: Happening): void {
  stage.trace.push({ t: stage.scheduler.now, ...happening });
}

/** Whether a fault of this kind happens here. */
export function strikes(
  stage: Stage,
  fault: Parameters<Mix["faults"]["has"]>[0],
  probability: number,
): boolean {
  const { mix, weather, prng } = stage;
  // All together, each is rarer: else nothing would ever succeed.
  const share = mix.faults.size > 2 ? 0.3 : 1;
  return weather.faulty && mix.faults.has(fault) && prng.chance(probability * share);
}
