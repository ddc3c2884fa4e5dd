import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const FOLDER = "test/examples";

/** Code without its indentation. Imports have the names that an app uses. */
function plain(code: string): string {
  return (
    code
      .replaceAll(/^ +/gm, "")
      .replaceAll(/"(?:\.\.\/)+src\/index\.ts"/g, '"latchkey"')
      .replaceAll(/"(?:\.\.\/)+src\/(\w+)\.ts"/g, '"latchkey/$1"')
      .replaceAll(/"(?:\.\.\/)+lib\/auth\.ts"/g, '"$lib/auth"')
      // The examples call the decorators of Angular, because the build of the tests does not know their syntax.
      .replace(
        /@Component\((\{[\s\S]*?^\})\)\n(export class (\w+) [\s\S]*^\})$/m,
        "$2\n\nComponent($1)($3);",
      )
  );
}

const examples = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.(tsx?|vue|svelte)$/.test(path) && !/node_modules|\.svelte-kit/.test(path))
  .map((path) => join(FOLDER, path))
  .concat("test/support/signed-in-page.ts")
  .map((path) => plain(readFileSync(path, "utf8")));

/** Each guide with its code blocks that are no example: their first lines. */
const GUIDES: Readonly<Record<string, readonly string[]>> = {
  "native-shells": [],
  testing: [],
  frameworks: [
    "// auth.ts",
    "// main.ts",
    "// app.config.ts",
    "const returnTo =",
    'import { redirect } from "react-router"',
    "import { createFileRoute, redirect }",
    "const auth = createAuth({",
  ],
};

describe.for(Object.entries(GUIDES))("the guide %s", ([name, others]) => {
  const guide = readFileSync(`demo/guides/${name}.md`, "utf8");

  test("has the code of the examples", () => {
    const blocks = [...guide.matchAll(/^```(?:ts|vue|svelte)\n([\s\S]*?)^```$/gm)]
      .map(([, code]) => code!)
      .filter((code) => !others.some((line) => code.startsWith(line)));
    expect(blocks.length).toBeGreaterThan(3);
    expect(blocks.filter((code) => !examples.some((text) => text.includes(plain(code))))).toEqual(
      [],
    );
  });

  test("links examples that exist", () => {
    const links = [...guide.matchAll(/\]\(\.\.\/\.\.\/(test\/[^)]+\.\w+)\)/g)];
    expect(links.length).toBeGreaterThan(2);
    for (const [, path] of links)
      expect(readFileSync(path!, "utf8")).toMatch(/export|<script|test\(/);
  });
});
