import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startBareSite } from "../support/bare-site.ts";
import { KINDS } from "./kinds/all.ts";
import { keepResults, keptResults } from "./kept-results.ts";
import { runProgram } from "./process.ts";
import { ROWS, runKind, type KindResults } from "./run-kind.ts";
import { CannotStart } from "./server.ts";
import { guideOf } from "./table.ts";

/**
 * `npm run test:servers` drives every kind of server, one after the other. `npm run test:servers -- keycloak --row reload` drives
 * one kind, and one row of the list. Without `--row`, the guide about the servers is written anew. The exit code is 1 if a row has found a fault, and 2 if a server could not start.
 */

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const args = process.argv.slice(2);
const rowAt = args.indexOf("--row");
const [onlyRow] = rowAt < 0 ? [] : args.splice(rowAt, 2).slice(1);
const kinds = KINDS.filter(
  ({ name, setup }) =>
    args.length === 0 ||
    args.some((word) => `${name} ${setup}`.toLowerCase().includes(word.toLowerCase())),
);
const rows = ROWS.filter(({ id }) => onlyRow === undefined || id === onlyRow);
// The servers end with this process, also when a developer stops it.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
const folder = fileURLToPath(new URL("../../node_modules/.cache/servers", import.meta.url));
mkdirSync(folder, { recursive: true });

const [site, strangeSite] = await Promise.all([startBareSite(), startBareSite()]);
const done: KindResults[] = [];
const skipped: string[] = [];
try {
  for (const kind of kinds) {
    try {
      const results = await runKind(kind, { site, strangeSite, folder, rows, say });
      done.push(results);
      if (rows.length === ROWS.length) keepResults(folder, results);
    } catch (error) {
      if (!(error instanceof CannotStart)) throw error;
      skipped.push(`${kind.name}, ${kind.setup}: not started, because ${error.message}`);
      say(skipped.at(-1)!);
    }
  }
} finally {
  await Promise.all([site.close(), strangeSite.close()]);
}

if (rows.length === ROWS.length) {
  const guide = fileURLToPath(new URL("../../demo/guides/tried-servers.md", import.meta.url));
  writeFileSync(guide, guideOf(keptResults(folder, KINDS), ROWS, skipped));
  await runProgram("npx", ["oxfmt", guide]);
}
const results = done.flatMap(({ results }) => Object.values(results));
const faults = results.filter((result) => "fault" in result).length;
const yes = results.filter((result) => "holds" in result && result.holds).length;
const no = results.length - faults - yes;
say(
  `${done.length} servers driven, ${skipped.length} not started: ${yes} rows hold, ${no} not supported by the server, ${faults} faults`,
);
process.exitCode = faults > 0 ? 1 : skipped.length > 0 ? 2 : 0;
