import type { Curve } from "./simulate.ts";

/** Length of a window. Seconds. */
export const WINDOW_S = 10;

/** The limit of every window after the return, as a multiple of the steady rate. */
export const BOUND = 2;

/** The request rates of one run. Peaks are multiples of the steady rate. */
export interface Measures {
  /** Requests per second before the outage. */
  readonly steady: number;
  /** The second with the most requests during the outage. */
  readonly peakAway: number;
  /** The window with the most requests after the return. */
  readonly peakBack: number;
  /** Start of the `peakBack` window. Seconds after the return. */
  readonly peakBackAt: number;
  /** Number of requests since the start of the outage. */
  readonly requests: number;
}

/** Computes the request rates of a run. */
export function measure({ counts, from, until }: Curve): Measures {
  const steady = sum(counts.subarray(0, from)) / from;
  const away = windows(counts.subarray(from, until), 1);
  const back = windows(counts.subarray(until), WINDOW_S);
  const peakBack = Math.max(...back);
  return {
    steady,
    peakAway: Math.max(...away) / steady,
    peakBack: peakBack / steady,
    peakBackAt: back.indexOf(peakBack),
    requests: sum(counts.subarray(from)),
  };
}

/** The mean of every `length` consecutive seconds. */
export function windows(counts: Uint32Array, length: number): number[] {
  const means: number[] = [];
  for (let at = 0; at + length <= counts.length; at++) {
    means.push(sum(counts.subarray(at, at + length)) / length);
  }
  return means;
}

function sum(counts: Uint32Array): number {
  return counts.reduce((all, count) => all + count, 0);
}
