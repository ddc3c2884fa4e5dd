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
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Who may open which door: every pair is planted, and the linter must say what this table says. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  refresh: ["core"],
  oidc: ["core", "oidc-client-ts", "jose"],
  browser: ["core", "idb-keyval"],
  memory: ["core"],
  grants: ["core"],
  manager: ["core"],
  react: ["core", "react"],
  ui: ["core", "lit", "uqr"],
};
const ROOMS = Object.keys(DOORS);
const PACKAGES = ["oidc-client-ts", "jose", "idb-keyval", "react", "lit", "uqr"];
const GLOBALS = [
  "window",
  "self",
  "globalThis",
  "document",
  "navigator",
  "localStorage",
  "indexedDB",
  "addEventListener",
];

let folder: string;
let complaints: Set<string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-house-"));
  cpSync(".oxlintrc.json", join(folder, ".oxlintrc.json"));
  for (const room of ROOMS) {
    for (const target of ROOMS) plant(room, `${target}-room`, `export * from "../${target}/x.ts";`);
    for (const name of PACKAGES) plant(room, `${name}-package`, `export * from "${name}";`);
    for (const name of GLOBALS) plant(room, `${name}-global`, `export const x = () => ${name};`);
    plant(room, "detour", 'export * from "./../oidc/x.ts";');
    plant(room, "entry", 'export * from "../index.ts";');
    plant(room, "outside", 'export * from "../../test/x.ts";');
  }
  plant("annex", "unlisted", 'export * from "../core/x.ts";');
  plant(
    "core",
    "letter",
    'import type { Reply } from "./reply.ts";\nexport type Letter = Reply[];',
  );
  plant(
    "core",
    "reply",
    'import type { Letter } from "./letter.ts";\nexport type Reply = Letter[];',
  );
  plant("core", "hen", 'import { egg } from "./egg.ts";\nexport const hen = () => egg;');
  plant("core", "egg", 'import { hen } from "./hen.ts";\nexport const egg = () => hen;');
  write("src/root.ts", 'export * from "./oidc/x.ts";');
  write("src/compose/protocol.chunk.ts", 'export * from "./oidc/x.ts";');
  complaints = lint();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function plant(room: string, name: string, code: string): void {
  write(`src/${room}/${name}.ts`, code);
}

function write(path: string, code: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), `${code}\n`);
}

/** The planted files that the linter refuses. */
function lint(): Set<string> {
  const bin = resolve("node_modules/oxlint/bin/oxlint");
  let output: string;
  try {
    output = execFileSync(process.execPath, [bin, "--format", "json", "src"], {
      cwd: folder,
      encoding: "utf8",
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

test.for(ROOMS)("%s opens its own doors and no others", (room) => {
  const may = (name: string) => name === room || DOORS[room]!.includes(name);
  for (const target of ROOMS) {
    expect([target, complaints.has(`${room}/${target}-room.ts`)]).toEqual([target, !may(target)]);
  }
  for (const name of PACKAGES) {
    expect([name, complaints.has(`${room}/${name}-package.ts`)]).toEqual([name, !may(name)]);
  }
  for (const name of GLOBALS) {
    expect([name, complaints.has(`${room}/${name}-global.ts`)]).toEqual([name, room !== "browser"]);
  }
  expect(complaints.has(`${room}/detour.ts`)).toBe(room !== "oidc");
  expect(complaints).toContain(`${room}/entry.ts`);
  expect(complaints).toContain(`${room}/outside.ts`);
});

test("a room that is not in the table imports nothing", () => {
  expect(complaints).toContain("annex/unlisted.ts");
});

test("the protocol is loaded when it is needed, and in one place", () => {
  expect(complaints).toContain("root.ts");
  expect(complaints).not.toContain("compose/protocol.chunk.ts");
  const loading = readdirSync("src", { withFileTypes: true }).filter(
    (file) => file.isFile() && readFileSync(`src/${file.name}`, "utf8").includes("/session-work"),
  );
  expect(loading.map(({ name }) => name).sort()).toEqual([
    "compose/lazy-server.ts",
    "compose/lazy-refresher.ts",
  ]);
  for (const { name } of loading) {
    const code = readFileSync(`src/${name}`, "utf8");
    expect(code.replaceAll('import("./session-work.ts")', "")).not.toContain("/session-work");
  }
});

test("nothing goes round in a circle", () => {
  expect(complaints).toContain("core/hen.ts");
  expect(complaints).toContain("core/letter.ts");
});
