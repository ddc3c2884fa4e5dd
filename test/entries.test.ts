import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
  exports: Record<string, string | { types: string; default: string }>;
};
/** By name, such as `./callback`. */
const ENTRIES = Object.entries(exports).flatMap(([name, files]) =>
  typeof files === "string" ? [] : [{ name, files }],
);
const folder = mkdtempSync(join(tmpdir(), "latchkey-entries-"));
afterAll(() => rmSync(folder, { recursive: true }));

const source = (dist: string) =>
  fileURLToPath(new URL(dist.replace("./dist/", "../src/").replace(/js$/, "ts"), import.meta.url));

interface Import {
  touched: string[];
  failure: string;
  left: string[];
}

interface ImportOptions {
  readonly timeout?: number;
  /** Imported first: what they touch does not count. */
  readonly packages?: readonly string[];
}

/** Imports a file in a Node of its own, which has to end by itself. */
async function importInNode(
  path: string,
  { timeout = 10_000, packages = [] }: ImportOptions = {},
): Promise<Import> {
  const script = fileURLToPath(new URL("support/import-entry.ts", import.meta.url));
  const args = ["--import", "tsx", script, pathToFileURL(path).href, ...packages];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout });
  return JSON.parse(stdout) as Import;
}

test("each entry has its source, its types and its place in the build", () => {
  const build = readFileSync("vite.config.ts", "utf8");
  const types = JSON.parse(readFileSync("src/tsconfig.json", "utf8")) as { files: string[] };
  for (const { files } of ENTRIES) {
    const name = /^\.\/dist\/(.+)\.js$/.exec(files.default)![1]!;
    expect(files.types).toBe(`./dist/${name}.d.ts`);
    expect(types.files).toContain(`${name}.ts`);
    expect(build).toContain(`${name}: "src/${name}.ts"`);
  }
  expect(ENTRIES.map(({ name }) => name)).toEqual(
    expect.arrayContaining([".", "./callback", "./confidential", "./react", "./ui"]),
  );
});

test.for(ENTRIES)(
  "importing $name in Node touches nothing of a browser, begins nothing and ends",
  { timeout: 20_000 },
  async ({ name, files }) => {
    const packages = name === "./ui" ? ["lit"] : [];
    expect(await importInNode(source(files.default), { packages })).toEqual({
      touched: [],
      failure: "",
      left: [],
    });
  },
);

test("and a module that does would be caught", { timeout: 20_000 }, async () => {
  const planted = {
    "typeof.ts": "export const isBrowser = typeof window !== 'undefined';",
    "locks.ts": "export const locks = 'navigator' in globalThis && navigator.locks;",
    "left.ts": "(globalThis as any).__left = 1; export const x = 1;",
  };
  const caught: Record<string, Import> = {};
  for (const [name, code] of Object.entries(planted)) {
    writeFileSync(join(folder, name), code);
    caught[name] = await importInNode(join(folder, name));
  }
  expect(caught["typeof.ts"]!.touched).toEqual(["window"]);
  expect(caught["locks.ts"]!.touched).toEqual(["navigator"]);
  expect(caught["left.ts"]!.left).toEqual(["__left"]);
  writeFileSync(join(folder, "timer.ts"), "export const timer = setTimeout(() => {}, 60_000);");
  await expect(importInNode(join(folder, "timer.ts"), { timeout: 3_000 })).rejects.toMatchObject({
    killed: true,
  });
});
