/** The kinds of faults that a run can inject. */
export const FAULTS = [
  "crash",
  "reload",
  "freeze",
  "hang",
  "bfcache",
  "lost request",
  "lost response",
  "resend",
  "slow network",
  "slow storage",
  "failing storage",
  "offline",
  "outage",
  "too many",
  "clock jump",
  "session",
  "messages",
  "keys",
  "refusal",
  "user needed",
  "unexplained",
  "worker",
] as const;
/** A kind of fault. */
export type Fault = (typeof FAULTS)[number];

/** The server's reuse leeway: `told` is configured at the client, `real` is what the server grants. Milliseconds. */
export interface Leeway {
  readonly told: number | undefined;
  readonly real: number;
}

const LEEWAYS: Readonly<Record<string, Leeway>> = {
  unknown: { told: undefined, real: 60_000 },
  "0": { told: 0, real: 0 },
  "10s": { told: 10_000, real: 10_000 },
  "120s": { told: 120_000, real: 120_000 },
};
/** The app configures a leeway of 0, but the server has one. */
const MISTAKEN = "0 as told";

/** A combination of faults, leeway and kind of locks. */
export interface Mix {
  /** The value for the environment variable `MIX`. The name is part of the random seed. */
  readonly name: string;
  readonly faults: ReadonlySet<Fault>;
  readonly leeway: Leeway;
  readonly webLocks: boolean;
}

/** Pairs of faults that do harm only together. */
const PAIRS: readonly (readonly [Fault, Fault])[] = [
  ["hang", "lost response"],
  ["hang", "messages"],
  ["hang", "slow network"],
  ["freeze", "slow storage"],
  ["session", "slow network"],
  ["session", "keys"],
  ["slow storage", "keys"],
  ["reload", "outage"],
  ["user needed", "session"],
];

/** The faults without workers. */
const OF_TABS = FAULTS.filter((fault) => fault !== "worker");

const SETS: readonly (readonly [name: string, faults: readonly Fault[]])[] = [
  ["nothing", []],
  ...OF_TABS.map((fault) => [fault, [fault]] as const),
  ["all", OF_TABS],
];

/**
 * No fault, each fault and all faults, at each kind of server, with and without Web Locks. Plus the pairs, and the same with
 * pages that refresh in a worker.
 */
export const MIXES: readonly Mix[] = [
  ...[true, false].flatMap((webLocks) =>
    Object.keys(LEEWAYS).flatMap((leeway) =>
      SETS.map(([name, faults]) => mixOf(name, faults, leeway, webLocks)),
    ),
  ),
  // With the other leeways a session ends before a pair has an effect.
  ...["unknown", "10s"].flatMap((leeway) =>
    PAIRS.map((pair) => mixOf(pair.join(" and "), pair, leeway, true)),
  ),
  mixOf("hang and slow network", ["hang", "slow network"], MISTAKEN, true),
  ...["unknown", "0"].flatMap((leeway) =>
    SETS.map(([name, faults]) => mixOf(`worker, ${name}`, ["worker", ...faults], leeway, true)),
  ),
];

function mixOf(name: string, faults: readonly Fault[], leeway: string, webLocks: boolean): Mix {
  return {
    name: `${name}/${leeway}/${webLocks ? "web locks" : "messages"}`,
    faults: new Set(faults),
    leeway: leeway === MISTAKEN ? { told: 0, real: 60_000 } : LEEWAYS[leeway]!,
    webLocks,
  };
}

/** Finds a mix. @throws Error when no mix has this name */
export function mixNamed(name: string): Mix {
  const mix = MIXES.find((mix) => mix.name === name);
  if (!mix)
    throw new Error(
      `unknown mix "${name}"; choose one of: ${MIXES.map(({ name }) => name).join(", ")}`,
    );
  return mix;
}
