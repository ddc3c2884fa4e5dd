import { measureCallPaths } from "./measure.ts";

/** Prints how many files of `src` each call runs through. `--files` prints their names, too. */
const withFiles = process.argv.includes("--files");
let isTooLong = false;
for (const { call, files, all, limit } of await measureCallPaths()) {
  isTooLong ||= files.length > limit;
  const counts = `${files.length} files of at most ${limit}`;
  console.log(`${call.padEnd(34)} ${counts.padStart(22)}, ${all.length} with core and browser`);
  if (withFiles) for (const file of all) console.log(`    ${file}`);
}
if (isTooLong) process.exitCode = 1;
