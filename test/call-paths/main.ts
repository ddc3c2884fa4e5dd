import { measureCallPaths } from "./measure.ts";

/** Prints how many files of `src` each call runs through. `--files` prints their names, too. */
const withFiles = process.argv.includes("--files");
let isTooLong = false;
for (const { call, files, limit } of await measureCallPaths()) {
  isTooLong ||= files.length > limit;
  console.log(`${call.padEnd(34)} ${String(files.length).padStart(3)} files of at most ${limit}`);
  if (withFiles) for (const file of files) console.log(`    ${file}`);
}
if (isTooLong) process.exitCode = 1;
