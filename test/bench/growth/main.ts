import { fileURLToPath } from "node:url";
import { handle, listenOnLoopback } from "../../../demo/server/loopback.ts";
import { serveBuild } from "../../../demo/server/site.ts";
import { launchBrowser } from "../../support/browser.ts";
import { median } from "../statistics.ts";
import type { GrowthSample } from "./page/main.ts";

const COUNTS = [1, 10, 100, 1_000];
const WARM_UP = 3;
const ROUNDS = 21;
const PAGE = { base: "/", root: fileURLToPath(new URL("page", import.meta.url)) };

/** Measures the cost of remembered users. Fails only when users, tokens or the search are missing. */
async function growth(): Promise<void> {
  const loopback = await listenOnLoopback(0);
  const site = await serveBuild([PAGE], "http://localhost:*");
  handle(loopback, site.listener);
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(`${loopback.origin}/`);
    const rounds = new Map<number, GrowthSample[]>();
    for (const count of COUNTS) {
      await page.evaluate((count) => window.remember(count), count);
      rounds.set(count, []);
    }
    // In turn, so that a slow moment of the machine affects all counts.
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      for (const [count, samples] of rounds) {
        const sample = await page.evaluate((count) => window.grow(count), count);
        if (round >= WARM_UP) samples.push(sample);
      }
    }
    report(rounds);
  } finally {
    await browser.close();
    await site.close();
    await loopback.close();
  }
}

function report(rounds: ReadonlyMap<number, readonly GrowthSample[]>): void {
  console.log(LEGEND);
  const alone = rounds.get(1)!;
  for (const [count, samples] of rounds) {
    const cell = (what: "list" | "token" | "picker"): string => {
      const ratio = median(samples.map((sample, round) => sample[what] / alone[round]![what]));
      return `${median(samples.map((sample) => sample[what])).toFixed(2)} ms (${ratio.toFixed(1)}x)`;
    };
    const searches = samples.every((sample) => sample.searches);
    const cells = [cell("list"), cell("token"), cell("picker"), searches ? "yes" : "no"];
    console.log([`${count}`, ...cells].map((text) => text.padEnd(20)).join(""));
    if (searches !== count >= 10) process.exitCode = 1;
  }
}

const LEGEND = `
By number of remembered users: users(), getToken({ user }) for a user that is not this tab's, and the picker from the call
to its layout. Median of ${ROUNDS} rounds, and of the rounds' ratios to one user. Targets at 1,000: users() 20x,
getToken() 1x.

${["users", "users()", "getToken({ user })", "picker", "searched"].map((text) => text.padEnd(20)).join("")}`;

growth().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
