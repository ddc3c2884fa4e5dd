import { CALM, SCENARIOS } from "./scenarios.ts";
import { testHours } from "./test-hours.ts";

/** `npm run test:hour`: which requests Latchkey sends by itself within an hour. */

const report = (line: string) => void process.stdout.write(`${line}\n`);
const often = { pollMs: 5_000, reloadMs: 300_000 };

testHours("an hour of one tab", SCENARIOS, { ...often, type: "tab", tabs: 1 }, report);
testHours("an hour of five tabs", SCENARIOS, { ...often, type: "tab", tabs: 5 }, report);
testHours(
  "a calm hour of five tabs",
  [CALM],
  { type: "tab", tabs: 5, pollMs: 30_000, reloadMs: 7_200_000 },
  report,
);
testHours("an hour of five windows", SCENARIOS, { ...often, type: "window", tabs: 5 }, report);
