import { mixNamed, type Mix } from "./mixes.ts";
import { simulate } from "./simulate.ts";
import { show, type Trace } from "./trace.ts";

/** Runs of each mix. */
const SEEDS = Number(process.env["SEEDS"] ?? 24);
/** Lines of the trace in the error of a failed run. */
const SHORT_TRACE = 60;

/** Runs a mix with each seed. @throws Error for the first run that violates an invariant, with the command to replay it */
export async function runSeeds(mix: Mix): Promise<void> {
  const { stackTraceLimit } = Error;
  // No test reads the stack traces of errors in a run, and they take a tenth of its time.
  Error.stackTraceLimit = 0;
  try {
    for (let seed = 1; seed <= SEEDS; seed++) await runSeed(mix, seed);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

async function runSeed(mix: Mix, seed: number): Promise<void> {
  const { trace, violations } = await simulate(mix, seed);
  if (violations.length === 0) return;
  throw new Error(
    [
      ...violations.map(({ invariant, what }) => `${invariant}: ${what}`),
      `replay: SEED=${seed} MIX="${mix.name}" npx vitest run test/simulation`,
      ...shortened(trace),
    ].join("\n"),
  );
}

/** The run that the environment variables `SEED` and `MIX` select. */
export function asked(): { mix: Mix; seed: number } | undefined {
  const { SEED, MIX } = process.env;
  return SEED === undefined || MIX === undefined
    ? undefined
    : { mix: mixNamed(MIX), seed: Number(SEED) };
}

/** The last lines of a trace, without its most frequent events. */
function shortened(trace: Trace): string[] {
  const lines = trace
    .filter(({ what }) => !["message", "pause", "transaction", "ask"].includes(what))
    .map((event) => show(event));
  return [`… ${Math.max(0, lines.length - SHORT_TRACE)} earlier`, ...lines.slice(-SHORT_TRACE)];
}
