import { setTimeout as sleep } from "node:timers/promises";
import type { Measured } from "../statistics.ts";
import type { Way } from "./page/words.ts";
import type { Tabs } from "./tabs.ts";

const WARM_UP = 2;
const ROUNDS = 10;
/** Time for work that follows the token, such as the validation of its ID token. Milliseconds. */
const SETTLED_MS = 300;

/** The result of one round. */
interface Wake {
  readonly ms: number;
  readonly requests: number;
  /** Requests with a refresh token that had been sent before. */
  readonly duplicates: number;
  readonly hasTokens: boolean;
}

/** The results of all rounds with one number of tabs. */
export interface WakeRounds {
  readonly tabs: number;
  /** Milliseconds until the last tab had its token. */
  readonly times: Readonly<Record<Measurable, readonly Measured[]>>;
  readonly counts: Readonly<Record<Way, Counted>>;
}

/** The ways of Latchkey: each page refreshes by itself, or a worker refreshes. */
export type Measurable = Exclude<Way, "minimum">;

/** Sums over all rounds, including the warm-up. */
export interface Counted {
  readonly rounds: number;
  /** Rounds with exactly one request, whose token every tab got. */
  readonly good: number;
  readonly requests: number;
  readonly duplicates: number;
}

const WAYS: readonly Way[] = ["latchkey", "minimum", "worker"];

/** Measures all ways in turn, forwards and backwards, so that a slow moment affects Latchkey and the minimum. */
export async function wakeRounds(tabs: Tabs, count: number): Promise<WakeRounds> {
  const wakes: Record<Way, Wake[]> = { latchkey: [], worker: [], minimum: [] };
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    for (const way of round % 2 === 0 ? WAYS : WAYS.toReversed()) {
      wakes[way].push(await wake(tabs, way));
    }
  }
  const timesOf = (way: Measurable): Measured[] =>
    wakes[way]
      .map(({ ms }, round) => ({ latchkey: ms, baseline: wakes.minimum[round]!.ms }))
      .slice(WARM_UP);
  return {
    tabs: count,
    times: { latchkey: timesOf("latchkey"), worker: timesOf("worker") },
    counts: {
      latchkey: countAll(wakes.latchkey),
      worker: countAll(wakes.worker),
      minimum: countAll(wakes.minimum),
    },
  };
}

async function wake(tabs: Tabs, way: Way): Promise<Wake> {
  const { tokenRequests } = tabs.site.provider;
  await tabs.load(way);
  const before = tokenRequests.refreshes.length;
  const { ms, tokens } = await tabs.wake(way);
  await sleep(SETTLED_MS);
  const all = tokenRequests.refreshes.map(({ sent }) => sent);
  const sent = all.slice(before);
  return {
    ms,
    requests: sent.length,
    duplicates: sent.filter((token, i) => all.indexOf(token) < before + i).length,
    hasTokens: tokens[0] !== undefined && new Set(tokens).size === 1,
  };
}

function countAll(wakes: readonly Wake[]): Counted {
  const sum = (pick: (wake: Wake) => number): number =>
    wakes.reduce((all, wake) => all + pick(wake), 0);
  return {
    rounds: wakes.length,
    good: wakes.filter(({ requests, hasTokens }) => requests === 1 && hasTokens).length,
    requests: sum(({ requests }) => requests),
    duplicates: sum(({ duplicates }) => duplicates),
  };
}
