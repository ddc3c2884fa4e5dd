import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Code without its indentation. */
const plain = (code: string) => code.replaceAll(/^ +/gm, "");

const FOLDER = "test/examples";
const guide = readFileSync("demo/guides/native-shells.md", "utf8");
const examples = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => readFileSync(join(FOLDER, path), "utf8"));

test("the code in the guide is the code of the examples", () => {
  const blocks = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code!);
  expect(blocks.length).toBeGreaterThan(3);
  expect(
    blocks.filter((block) => !examples.some((code) => plain(code).includes(plain(block)))),
  ).toEqual([]);
});

test("each example that the guide links exists", () => {
  const links = [...guide.matchAll(/\]\(\.\.\/\.\.\/(test\/examples\/[^)]+)\)/g)];
  expect(links.length).toBeGreaterThan(3);
  for (const [, path] of links) expect(readFileSync(path!, "utf8")).toContain("export");
});
