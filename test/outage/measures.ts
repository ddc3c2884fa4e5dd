import type { Curve } from "./simulate.ts";

export const WINDOW_S = 10;

/** What no window after the return may exceed, as a multiple of the steady rate. */
export const BOUND = 2;

/** Requests per second; peaks as multiples of the steady rate. */
export interface Measures {
  readonly steady: number;
  /** Of the second with the most requests while the server was away. */
  readonly peakAway: number;
  /** Of the ten seconds with the most requests after the return. */
  readonly peakBack: number;
  /** When these began, in seconds after the return. */
  readonly peakBackAt: number;
  /** From the failure on. */
  readonly requests: number;
}

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

/** The mean of each `length` seconds, from each second on. */
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
