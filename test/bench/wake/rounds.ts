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
  readonly times: readonly Measured[];
  readonly latchkey: Counted;
  readonly minimum: Counted;
}

/** Sums over all rounds, including the warm-up. */
export interface Counted {
  readonly rounds: number;
  /** Rounds with exactly one request, whose token every tab got. */
  readonly good: number;
  readonly requests: number;
  readonly duplicates: number;
}

/** Measures Latchkey and the minimum in turn, each first equally often, so that a slow moment affects both of a pair. */
export async function wakeRounds(tabs: Tabs, count: number): Promise<WakeRounds> {
  const latchkey: Wake[] = [];
  const minimum: Wake[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    if (round % 2 === 0) latchkey.push(await wake(tabs, "latchkey"));
    minimum.push(await wake(tabs, "minimum"));
    if (round % 2 === 1) latchkey.push(await wake(tabs, "latchkey"));
  }
  const times = latchkey.map(({ ms }, round) => ({ latchkey: ms, baseline: minimum[round]!.ms }));
  return {
    tabs: count,
    times: times.slice(WARM_UP),
    latchkey: countAll(latchkey),
    minimum: countAll(minimum),
  };
}

async function wake(tabs: Tabs, way: Way): Promise<Wake> {
  const { tokenRequests } = tabs.site.provider;
  await tabs.load();
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
