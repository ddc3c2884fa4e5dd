import type { Measured } from "../../statistics.ts";
import type { Loop, Loops, Pair } from "./loops.ts";

/** Nanoseconds per call. */
export interface HotRounds {
  readonly awaited: readonly Measured[];
  readonly called: readonly Measured[];
}

const WARM_UP = 5;
const ROUNDS = 60;
// Enough calls for several milliseconds, because a page's clock moves in steps of 0.1 ms.
const CALLS = 100_000;

/** Runs all loops in turn, so that a slow moment of the machine affects both loops of a pair. */
export async function interleave(loops: Loops, token: string): Promise<HotRounds> {
  const awaited: Measured[] = [];
  const called: Measured[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const isLatchkeyFirst = round % 2 === 0;
    const one = await measure(loops.awaited, token, isLatchkeyFirst);
    const other = await measure(loops.called, token, isLatchkeyFirst);
    if (round < WARM_UP) continue;
    awaited.push(one);
    called.push(other);
  }
  return { awaited, called };
}

async function measure(
  { latchkey, baseline }: Pair,
  token: string,
  isLatchkeyFirst: boolean,
): Promise<Measured> {
  const early = isLatchkeyFirst ? await nsPerCall(latchkey, token) : undefined;
  const base = await nsPerCall(baseline, token);
  return { latchkey: early ?? (await nsPerCall(latchkey, token)), baseline: base };
}

async function nsPerCall(loop: Loop, token: string): Promise<number> {
  const begin = performance.now();
  const last = await loop(CALLS);
  const ms = performance.now() - begin;
  if (last !== token) throw new Error("a call returned another token");
  return (ms / CALLS) * 1e6;
}
