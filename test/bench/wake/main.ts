import { compare } from "../statistics.ts";
import { wakeRounds, type Measurable, type WakeRounds } from "./rounds.ts";
import { Tabs } from "./tabs.ts";

/** The numbers of tabs: the arguments of the command, or these. */
const [, , ...given] = process.argv;
const COUNTS = given.length > 0 ? given.map(Number) : [2, 5, 10, 20, 50];

/** Compares tabs that resume with an expired token with the minimum. Fails only on extra requests and missing tokens. */
async function bench(): Promise<void> {
  console.log(LEGEND);
  for (const count of COUNTS) {
    const rounds = await Tabs.play(count, (tabs) => wakeRounds(tabs, count));
    report(rounds, "latchkey");
    report(rounds, "worker");
    if (Object.values(rounds.counts).some(({ rounds, good }) => good < rounds)) {
      process.exitCode = 1;
    }
  }
}

function report({ tabs, times: all, counts }: WakeRounds, measured: Measurable): void {
  const times = all[measured];
  const { ratio, p10, p90, ...medians } = compare(times);
  const spread = (way: "latchkey" | "baseline"): string => {
    const ms = times.map((time) => time[way]);
    return `${medians[way].toFixed(0)} ms (${Math.min(...ms).toFixed(0)} to ${Math.max(...ms).toFixed(0)})`;
  };
  const cells = [
    `${tabs} tabs`.padEnd(8),
    (measured === "worker" ? "worker" : "pages").padEnd(6),
    spread("latchkey").padEnd(22),
    spread("baseline").padEnd(22),
    `${ratio.toFixed(2)} (${p10.toFixed(2)} to ${p90.toFixed(2)})`.padEnd(22),
    (tabs > 10 ? "2.0" : measured === "worker" ? "1.3" : "1.5").padEnd(7),
    [counts[measured], counts.minimum]
      .map(({ rounds, requests, duplicates }) => `${requests} in ${rounds}, ${duplicates} twice`)
      .join("; "),
  ];
  console.log(cells.join("  "));
}

const LEGEND = `
From the message that expires all tokens until the last tab has a new one: median (minimum to maximum) of ten rounds.
With "worker", a shared worker refreshes; otherwise each page does. All tabs are loaded again before each round, over HTTP/2 with a latency of 20 ms, and are then idle.
The minimum is one Web Lock around re-read and refresh. The ratio is the median of the rounds' ratios (p10 to p90).
Requests: their number, the rounds, and how many had a refresh token that was sent before; for Latchkey and for the minimum.

${["".padEnd(8), "".padEnd(6), "Latchkey".padEnd(22), "minimum".padEnd(22), "ratio".padEnd(22), "target ", "requests"].join("  ")}`;

bench().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
