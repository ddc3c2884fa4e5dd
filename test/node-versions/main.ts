import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The Node versions that Latchkey supports: the oldest one of `engines`, and each line that Node maintains. */
const VERSIONS = ["20.19", "22", "24"];

const run = promisify(execFile);
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

/** Runs a command with this version of Node, from the npm package `node`. */
function runWith(version: string, command: readonly string[]): Promise<{ stdout: string }> {
  const args = ["--yes", "--package", `node@${version}`, "--", ...command];
  return run("npx", args, { maxBuffer: 64_000_000, shell: process.platform === "win32" });
}

/** Runs the tests that depend on the Node version. Returns a summary. @throws Error when a test fails */
async function testWith(version: string): Promise<string> {
  const start = performance.now();
  const { stdout: exact } = await runWith(version, ["node", "--version"]);
  const vitest = ["node", "node_modules/vitest/vitest.mjs", "run", "--mode", "node"];
  const { stdout } = await runWith(version, [...vitest, "--no-color"]);
  const passed = /Tests\s+(\d+) passed/.exec(stdout)?.[1];
  const seconds = Math.round((performance.now() - start) / 1_000);
  return `Node ${exact.trim()}: ${passed} tests passed in ${seconds} s`;
}

for (const version of VERSIONS) {
  try {
    say(await testWith(version));
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    say(`${stdout}${stderr}\nNode ${version}: failed, ${String(error)}`);
    process.exitCode = 1;
  }
}
