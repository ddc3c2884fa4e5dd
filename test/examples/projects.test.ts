import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPackage } from "../support/bundled-app.ts";

/** The projects that test with `latchkey/testing` run their own `npm test`, with the packed package. */

const run = promisify(execFile);
/** Inside of `node_modules`, so that the build finds the packages. */
const BUILT = resolve("node_modules/.cache/latchkey-packed");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-projects-"));
  await symlink(resolve("node_modules"), join(folder, "node_modules"));
  await buildPackage(BUILT);
  for (const file of ["package.json", "CHANGELOG.md", "LICENSE", "README.md"])
    await cp(file, join(BUILT, file));
  const pack = ["pack", "--ignore-scripts", "--pack-destination", folder];
  await run("npm", pack, { cwd: BUILT });
  const packed = (await readdir(folder)).find((name) => name.endsWith(".tgz"))!;
  await run("tar", ["-xzf", packed], { cwd: folder });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.for([
  ["plain", 8],
  ["react", 4],
  ["vue", 4],
] as const)(
  "%s: its %i tests pass in jsdom and happy-dom",
  { timeout: 300_000 },
  async ([name, count]) => {
    const project = join(folder, name);
    await cp(resolve("test/examples", name), project, { recursive: true });
    await mkdir(join(project, "node_modules"));
    await cp(join(folder, "package"), join(project, "node_modules/latchkey"), { recursive: true });
    // The variables of this run of Vitest would change that one.
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, CI: "1", NO_COLOR: "1" };
    const { stdout } = await run("npm", ["test", "--", "--testTimeout=60000"], {
      cwd: project,
      env,
    }).catch((error: { stdout: string; stderr: string }) => ({
      stdout: error.stdout + error.stderr,
    }));
    expect(stdout).toMatch(new RegExp(`Tests +${count} passed \\(${count}\\)`));
  },
);
