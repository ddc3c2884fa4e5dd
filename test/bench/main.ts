import { measureCold } from "./cold.ts";
import { measureHot } from "./hot.ts";
import { countRequests } from "./requests.ts";
import { onStage, type Stage } from "./stage.ts";
import { compare } from "./statistics.ts";
import { table, type Line } from "./table.ts";

/** Compares the cost of a token with the minimum. Fails only on requests and missing values. */
async function bench(stage: Stage): Promise<void> {
  const requests = await countRequests(stage);
  const cold = await measureCold(stage);
  const hot = await measureHot(stage);

  const ns = { unit: "ns", digits: 0 };
  const ms = { unit: "ms", digits: 1 };
  const lines: Line[] = [
    { what: "Hot: await getToken()", ...ns, target: 1.3, result: compare(hot.awaited) },
    { what: "Hot: getToken(), the call alone", ...ns, target: 1.3, result: compare(hot.called) },
    { what: "Cold: from the script on", ...ms, target: 1.2, result: compare(cold.fromScript) },
    { what: "Cold: from the navigation on", ...ms, result: compare(cold.fromNavigation) },
  ];
  console.log(LEGEND);
  console.log(table(lines));
  console.log(
    `\nRequests per page load: ${requests.map((load) => load.length).join(", ")}; target 0`,
  );
  for (const line of new Set(requests.flat())) console.log(`  ${line}`);

  const isMeasured = lines.every(({ result }) => Object.values(result).every(Number.isFinite));
  if (!isMeasured || requests.length === 0 || requests.flat().length > 0) process.exitCode = 1;
}

const LEGEND = `
Hot:  a valid token is in memory; baseline: () => Date.now() < t ? promise : slow()
Cold: createAuth() and the first getToken() of a page; baseline: one idb-keyval read of the same row
The ratio is the median of all rounds. Times differ from machine to machine; compare ratios only.
`;

onStage(bench).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
