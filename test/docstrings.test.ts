import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const FOLDER = resolve("node_modules/.cache/latchkey-examples");
const ENTRIES = [
  "index",
  "parts",
  "confidential",
  "callback",
  "ui",
  "react",
  "redis",
  "testing",
  "vue",
  "svelte",
  "angular",
  "worker",
];

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => ({ path: `src/${path}`, code: readFileSync(`src/${path}`, "utf8") }));

/** The names that each package entry exports. */
const exported = new Map(
  ENTRIES.map((entry) => {
    const code = readFileSync(`src/${entry}.ts`, "utf8");
    const lists = [...code.matchAll(/export (?:type )?\{([^}]*)\}/g)];
    const names = lists.flatMap(([, list]) => list!.split(",").map((name) => name.trim()));
    return [entry, names.filter(Boolean).map((name) => name.replace(/^(type )?(.* as )?/, ""))];
  }),
);
const publicNames = new Set([...exported.values()].flat());

/** The docstring of each public symbol, and undefined for a symbol without one. */
const docstrings = new Map<string, string | undefined>();
for (const { code } of sources) {
  const declarations = code.matchAll(
    /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?export (?:declare )?(?:abstract )?(?:async )?(?:class|function|const|interface|type) (\w+)/g,
  );
  for (const [, docstring, name] of declarations)
    // The first overload of a function has the docstring.
    if (publicNames.has(name!)) docstrings.set(name!, docstrings.get(name!) ?? docstring);
}

test("every public symbol has a docstring", () => {
  expect(docstrings.size).toBe(publicNames.size);
  expect([...docstrings].filter(([, text]) => !text).map(([name]) => name)).toEqual([]);
});

test("every @see of src has a link", () => {
  const references = sources.flatMap(({ path, code }) =>
    [...code.matchAll(/@see (.*)/g)].map(([, target]) => `${path}: ${target}`),
  );
  expect(references.length).toBeGreaterThan(50);
  expect(references.filter((line) => !/https:\/\/|README\.md/.test(line))).toEqual([]);
});

/** The members of an interface, each with its docstring. */
function membersOf(path: string, name: string): [member: string, docstring: string][] {
  const code = readFileSync(path, "utf8");
  const body = code.slice(code.search(new RegExp(`export interface ${name}\\b`)));
  const members = body
    .slice(0, body.indexOf("\n}"))
    .matchAll(/(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\n {2}(?:readonly )?(\w+)\??([(<:])/g);
  return [...members].map(([, docstring, member]) => [member!, docstring!]);
}

/** The docstring of a grant's `requestToken()`, which has the `@throws` lines. */
function requestTokenDocs(name: string): string {
  const { code = "" } =
    sources.find(({ code }) => new RegExp(`export class ${name}\\b`).test(code)) ?? {};
  return /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\n {2}(?:async )?requestToken\(/.exec(code)?.[1] ?? "";
}

test("every method of Auth, every grant and every factory has @throws and @example", () => {
  const methods = membersOf("src/core/auth.ts", "Auth").filter(([name]) => name !== "state");
  expect(methods.map(([name]) => name)).toContain("getToken");
  const described = [...docstrings]
    .filter(([name]) =>
      /Grant$|^create[A-Z]|^start[A-Z]|^importSession$|^fake[A-Z]|^signedInState$|^playwrightRoute$/.test(
        name,
      ),
    )
    .map(([name, text]) => [name, (text ?? "") + requestTokenDocs(name)] as const);
  expect(described.length).toBeGreaterThan(10);
  // The protocols, and what cannot fail.
  const exempt = new Set([
    "Grant",
    "subscribe",
    "onUserChange",
    "onUserRemoved",
    "start",
    "dispose",
  ]);
  const incomplete = [...methods, ...described].filter(
    ([name, text]) =>
      !text.includes("@example") || !(exempt.has(name) || /@throws|[Rr]ejects as/.test(text)),
  );
  expect(incomplete.map(([name]) => name)).toEqual([]);
});

/** Each `@example`, as a module that imports the public names that it uses. */
const examples = sources.flatMap(({ path, code }) =>
  [...code.matchAll(/@example\n((?: *\* ?.*\n)*?)(?= *\* @| *\*\/)/g)].map(([, text], i) => {
    const lines = text!.split("\n").map((line) => line.replace(/^ *\* ?/, ""));
    const used = new Set(text!.match(/\w+/g));
    const body = lines.join("\n").trimEnd();
    const isDeclared = (name: string) =>
      new RegExp(`(?:const|let|function|class|type|interface) ${name}\\b`).test(body);
    const taken = new Set<string>();
    // The frameworks have functions of the same name. An example means the function of its own folder.
    const isOwn = ([entry]: [string, unknown]) => (path.startsWith(`src/${entry}/`) ? 0 : 1);
    const entries = [...exported].sort((a, b) => isOwn(a) - isOwn(b));
    const imports = entries.map(([entry, names]) => {
      const needed = names.filter(
        (name) => used.has(name) && !taken.has(name) && !isDeclared(name),
      );
      for (const name of needed) taken.add(name);
      return needed.length > 0
        ? `import { ${needed.join(", ")} } from "${resolve("src", entry)}.ts";`
        : "";
    });
    const own = body.match(/^import .*$/gm) ?? [];
    const rest = body.replace(/^import .*$/gm, "");
    const auth = isDeclared("auth") ? "" : "declare const auth: Auth;";
    if (auth && !taken.has("Auth"))
      imports.push(`import type { Auth } from "${resolve("src/index.ts")}";`);
    return {
      file: `${path.replace(/\W+/g, "-")}-${i}.${/<\w+[^;]*\/?>/.test(rest) && path.includes("react") ? "tsx" : "ts"}`,
      code: [...imports, ...own, auth, "export async function example() {", rest, "}"].join("\n"),
    };
  }),
);

test(
  "every @example compiles with the names that the package exports",
  { timeout: 120_000 },
  () => {
    expect(examples.length).toBeGreaterThan(60);
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    for (const { file, code } of examples) writeFileSync(join(FOLDER, file), code);
    const config = {
      extends: resolve("tsconfig.json"),
      include: ["*"],
      compilerOptions: {
        noUnusedLocals: false,
        noUnusedParameters: false,
        verbatimModuleSyntax: false,
      },
    };
    writeFileSync(join(FOLDER, "tsconfig.json"), JSON.stringify(config));
    let output = "";
    try {
      execFileSync(process.execPath, [resolve("node_modules/typescript/bin/tsc"), "-p", FOLDER], {
        encoding: "utf8",
      });
    } catch (error) {
      output = (error as { stdout: string }).stdout;
    }
    expect(output).toBe("");
  },
);
