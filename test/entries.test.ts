import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";

const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
  exports: Record<string, string | { types: string; default: string }>;
};
/** The entries of the package by name, such as `./callback`. */
const ENTRIES = Object.entries(exports).flatMap(([name, files]) =>
  typeof files === "string" ? [] : [{ name, files }],
);
const folder = mkdtempSync(join(tmpdir(), "latchkey-entries-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** This folder is inside `node_modules`, so that the built files find the packages that they import. */
const BUILT = fileURLToPath(new URL("../node_modules/.cache/latchkey-entries/", import.meta.url));
beforeAll(async () => {
  await build({
    mode: "production",
    logLevel: "warn",
    build: { outDir: BUILT, emptyOutDir: true },
  });
}, 120_000);

/** The packages that an entry imports statically. A worker does so, so that bundlers can write it as one file. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "./angular": ["@angular/core", "rxjs"],
  "./svelte": ["svelte", "svelte/reactivity"],
  "./testing": ["jose"],
  "./ui": ["lit"],
  "./vue": ["vue"],
  "./worker": ["jose"],
};

interface Import {
  touched: string[];
  failure: string;
  left: string[];
}

interface ImportOptions {
  readonly timeout?: number;
  /** These packages are imported first. The globals that they read do not count. */
  readonly packages?: readonly string[];
}

/** Imports a file in its own Node process, without a TypeScript loader. The process must end by itself. */
async function importInNode(
  path: string,
  { timeout = 10_000, packages = [] }: ImportOptions = {},
): Promise<Import> {
  const script = fileURLToPath(new URL("support/import-entry.mjs", import.meta.url));
  const args = [script, pathToFileURL(path).href, ...packages];
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
    expect.arrayContaining([
      ".",
      "./angular",
      "./callback",
      "./confidential",
      "./parts",
      "./react",
      "./redis",
      "./testing",
      "./svelte",
      "./ui",
      "./vue",
      "./worker",
    ]),
  );
});

test.for(ENTRIES)(
  "importing the built $name in Node reads no browser global, starts nothing and ends",
  { timeout: 20_000 },
  async ({ name, files }) => {
    const packages = PACKAGES[name] ?? [];
    expect(await importInNode(join(BUILT, relative("dist", files.default)), { packages })).toEqual({
      touched: [],
      failure: "",
      left: [],
    });
  },
);

test(
  "a module that reads a browser global, sets a global or starts a timer is detected",
  { timeout: 20_000 },
  async () => {
    const planted = {
      "typeof.mjs": "export const isBrowser = typeof window !== 'undefined';",
      "locks.mjs": "export const locks = 'navigator' in globalThis && navigator.locks;",
      "left.mjs": "globalThis.__left = 1; export const x = 1;",
    };
    const caught: Record<string, Import> = {};
    for (const [name, code] of Object.entries(planted)) {
      writeFileSync(join(folder, name), code);
      caught[name] = await importInNode(join(folder, name));
    }
    expect(caught["typeof.mjs"]!.touched).toEqual(["window"]);
    expect(caught["locks.mjs"]!.touched).toEqual(["navigator"]);
    expect(caught["left.mjs"]!.left).toEqual(["__left"]);
    writeFileSync(join(folder, "timer.mjs"), "export const timer = setTimeout(() => {}, 60_000);");
    await expect(importInNode(join(folder, "timer.mjs"), { timeout: 3_000 })).rejects.toMatchObject(
      {
        killed: true,
      },
    );
  },
);
