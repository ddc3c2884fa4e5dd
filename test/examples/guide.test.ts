import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

/** Code without its indentation. */
const plain = (code: string) => code.replaceAll(/^ +/gm, "");

const FOLDER = "test/examples";
const examples = [
  ...readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => join(FOLDER, path)),
  "test/support/signed-in-page.ts",
].map((path) => readFileSync(path, "utf8"));

describe.for(["native-shells", "testing"])("the guide %s", (name) => {
  const guide = readFileSync(`demo/guides/${name}.md`, "utf8");

  test("has the code of the examples", () => {
    const blocks = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code!);
    expect(blocks.length).toBeGreaterThan(3);
    expect(
      blocks.filter((block) => !examples.some((code) => plain(code).includes(plain(block)))),
    ).toEqual([]);
  });

  test("links examples that exist", () => {
    const links = [...guide.matchAll(/\]\(\.\.\/\.\.\/(test\/[^)]+)\)/g)];
    expect(links.length).toBeGreaterThan(3);
    for (const [, path] of links) expect(readFileSync(path!, "utf8")).toMatch(/export|test\(/);
  });
});
