import { measureSizes } from "./measure.ts";

/** Prints how much of Latchkey an app loads, with the labels of `demo/guides/sizes.md`. */
async function main(): Promise<void> {
  for (const { what, bytes, limit } of await measureSizes()) {
    process.stdout.write(
      `${what.padEnd(46)} ${(bytes / 1000).toFixed(2).padStart(6)} kB of at most ${limit / 1000}\n`,
    );
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
