import { SCENARIOS } from "../hour/scenarios.ts";
import { testHours } from "../hour/test-hours.ts";

/** An hour of apps that ask rarely; `npm run test:hour` has those that ask every five seconds. */

const rarely = { pollMs: 60_000, reloadMs: 600_000 };
const firstOfEachFault = SCENARIOS.filter(
  ({ title }, index) => SCENARIOS.findIndex((other) => idOf(other.title) === idOf(title)) === index,
);

function idOf(title: string): string {
  return title.slice(0, title.indexOf(":"));
}

testHours("an hour of one tab", SCENARIOS, { ...rarely, type: "tab", tabs: 1 });
testHours("an hour of five windows", firstOfEachFault, { ...rarely, type: "window", tabs: 5 });
