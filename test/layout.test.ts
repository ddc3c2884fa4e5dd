import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

/** The imports that each folder may have. The test plants a file for every pair, and the linter must agree. */
const TABLE: Readonly<Record<string, readonly string[]>> = {
  core: [],
  refresh: ["core"],
  oidc: ["core", "oidc-client-ts", "jose"],
  browser: ["core", "idb-keyval"],
  memory: ["core"],
  check: ["core", "oidc"],
  grants: ["core"],
  fetch: ["core"],
  service: ["core"],
  auth: ["core", "fetch"],
  worker: ["core", "refresh", "oidc", "browser"],
  ui: ["core", "lit", "uqr"],
  redis: ["core", "redis"],
  testing: ["core", "memory", "jose"],
  react: ["core", "react"],
  vue: ["core", "vue"],
  svelte: ["core", "svelte"],
  angular: ["core", "fetch", "@angular/core", "rxjs"],
};
/** These two folders compose the others, and may import any folder. */
const COMPOSING = ["import", "compose"];
const FOLDERS = [...Object.keys(TABLE), ...COMPOSING];
const PACKAGES = [
  "oidc-client-ts",
  "jose",
  "idb-keyval",
  "react",
  "vue",
  "svelte",
  "@angular/core",
  "rxjs",
  "lit",
  "uqr",
  "redis",
];
const GLOBALS = ["window", "self", "globalThis", "document", "navigator", "localStorage"];
const WITH_GLOBALS = ["browser", "import", "ui", "react", "vue", "worker", "testing"];
const MAX_LINES = 260;

let root: string;
let refused: Set<string>;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "latchkey-layout-"));
  cpSync(".oxlintrc.json", join(root, ".oxlintrc.json"));
  for (const folder of FOLDERS) {
    for (const place of placesOf(folder)) {
      const up = place === folder ? ".." : "../..";
      for (const target of FOLDERS)
        plant(place, `${target}-folder`, `export * from "${up}/${target}/x.ts";`);
      for (const name of PACKAGES) plant(place, packageFile(name), `export * from "${name}";`);
      for (const name of GLOBALS) plant(place, `${name}-global`, `export const x = () => ${name};`);
      plant(place, "detour", `export * from "./${up}/oidc/x.ts";`);
      plant(place, "entry", `export * from "${up}/index.ts";`);
      plant(place, "outside", `export * from "${up}/../test/x.ts";`);
    }
  }
  plant("compose", "protocol.chunk", 'export * from "../oidc/x.ts";');
  plant("unlisted", "file", 'export * from "../core/x.ts";');
  plant("core", "hen", 'import { egg } from "./egg.ts";\nexport const hen = () => egg;');
  plant("core", "egg", 'import { hen } from "./hen.ts";\nexport const egg = () => hen;');
  plant("core", "letter", 'import type { R } from "./reply.ts";\nexport type L = R[];');
  plant("core", "reply", 'import type { L } from "./letter.ts";\nexport type R = L[];');
  refused = lint();
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

/** `compose` has no subfolders. */
function placesOf(folder: string): readonly string[] {
  return folder === "compose" ? [folder] : [folder, `${folder}/inner`];
}

function plant(place: string, name: string, code: string): void {
  const path = join(root, `src/${place}/${name}.ts`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${code}\n`);
}

/** The name of the planted file that imports a package. */
function packageFile(name: string): string {
  return `${name.replace("/", "-")}-package`;
}

/** The planted files that the linter refuses, as paths in `src`. */
function lint(): Set<string> {
  const bin = resolve("node_modules/oxlint/bin/oxlint");
  let output: string;
  try {
    output = execFileSync(process.execPath, [bin, "--format", "json", "src"], {
      cwd: root,
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  const { diagnostics } = JSON.parse(output) as {
    diagnostics: { code: string; filename: string }[];
  };
  return new Set(
    diagnostics
      .filter(({ code }) => /no-restricted-(imports|globals)|no-cycle/.test(code))
      .map(({ filename }) => filename.replaceAll("\\", "/").replace(/^.*src\//, "")),
  );
}

test.for(FOLDERS)("%s may import only what the table names", (folder) => {
  const isComposing = COMPOSING.includes(folder);
  const mayImport = (name: string) =>
    name === folder || (isComposing ? FOLDERS.includes(name) : TABLE[folder]!.includes(name));
  for (const place of placesOf(folder)) {
    const isRefused = (file: string) => refused.has(`${place}/${file}.ts`);
    for (const target of FOLDERS) {
      // A composition root loads the protocol by `import()` of a chunk.
      const isLazy = place === "compose" && /^(oidc|refresh)$/.test(target);
      expect([place, target, isRefused(`${target}-folder`)]).toEqual([
        place,
        target,
        isLazy || !mayImport(target),
      ]);
    }
    for (const name of PACKAGES) {
      const isAllowed = TABLE[folder]?.includes(name) ?? false;
      expect([place, name, isRefused(packageFile(name))]).toEqual([place, name, !isAllowed]);
    }
    for (const name of GLOBALS)
      expect([place, name, isRefused(`${name}-global`)]).toEqual([
        place,
        name,
        !WITH_GLOBALS.includes(folder),
      ]);
    expect(isRefused("detour")).toBe(isRefused("oidc-folder"));
    expect([place, isRefused("entry"), isRefused("outside")]).toEqual([place, true, true]);
  }
});

test("a chunk of compose may import the protocol, and a folder outside the table may import nothing", () => {
  expect(refused).not.toContain("compose/protocol.chunk.ts");
  expect(refused).toContain("unlisted/file.ts");
});

test("the linter refuses import cycles, also of types", () => {
  expect(refused).toContain("core/hen.ts");
  expect(refused).toContain("core/letter.ts");
});

const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .map((path) => `src/${path.replaceAll("\\", "/")}`)
  .filter((path) => /\.tsx?$/.test(path));
/** The files that each file imports: statically, as types, and by `import()`. */
const imports = new Map(
  files.map((path) => [
    path,
    [...readFileSync(path, "utf8").matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(
      ([, specifier]) => normalize(join(dirname(path), specifier!)).replaceAll("\\", "/"),
    ),
  ]),
);

test("no file of src imports itself through others, also not by import()", () => {
  expect(imports.get("src/compose/create-auth.ts")).toContain(
    "src/browser/tabs/broadcast-tab-lock.ts",
  );
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    expect(trail, [...trail, path].join(" > ")).not.toContain(path);
    if (done.has(path)) return;
    for (const next of imports.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of files) visit(path, []);
  expect(done.size).toBe(files.length);
});

test("the protocol is loaded by import() only", () => {
  const statically = files.filter((path) =>
    /from "[^"]*\.chunk\.ts"/.test(readFileSync(path, "utf8").replace(/import type[^;]*;/g, "")),
  );
  expect(files.filter((path) => path.endsWith(".chunk.ts")).length).toBeGreaterThan(2);
  expect(statically).toEqual([]);
});

test(`no file of src has more than ${MAX_LINES} lines`, () => {
  const long = files.filter(
    (path) => readFileSync(path, "utf8").trimEnd().split("\n").length > MAX_LINES,
  );
  expect(long).toEqual([]);
});
