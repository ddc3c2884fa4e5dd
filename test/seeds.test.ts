import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** `seeds.md` names the tests that cover each row of the designs that Latchkey follows. */

/** The number of rows in each section. */
const ROWS: Readonly<Record<string, number>> = {
  "1 herre core": 20,
  "2 herre auto_login": 9,
  "3 requestforge TokenManager": 13,
  "4 flytekit token_client": 8,
  "5 mediahaven oauth2": 6,
  "Minimum acceptance list": 14,
};

const text = readFileSync(new URL("seeds.md", import.meta.url), "utf8");
const sections = text.split(/^## /m).slice(1);
const rows = sections.flatMap((section) => {
  const name = section.slice(0, section.indexOf("\n"));
  return [...section.matchAll(/^\| (.+?) +\| (.*?) *\|$/gm)]
    .map(([, row, shownBy]) => ({ name, row: row!, shownBy: shownBy! }))
    .filter(({ row }) => row !== "row" && !/^-+$/.test(row));
});

test("no row of the seeds is missing", () => {
  const count = (section: string) => rows.filter(({ name }) => name === section).length;
  expect(Object.fromEntries(Object.keys(ROWS).map((name) => [name, count(name)]))).toEqual(ROWS);
  expect(rows).toHaveLength(Object.values(ROWS).reduce((sum, n) => sum + n));
});

test.for(rows)("$name: $row", ({ shownBy }) => {
  const named = [...shownBy.matchAll(/`([^`]+)` "([^"]+)"/g)];
  expect(named.length, "it names no test").toBeGreaterThan(0);
  // The cell contains only tests and separators.
  expect(shownBy.replaceAll(/`[^`]+` "[^"]+"/g, "").replaceAll(/[;\s]/g, "")).toBe("");
  for (const [, file, title] of named) {
    expect(existsSync(file!), `${file} exists`).toBe(true);
    expect(readFileSync(file!, "utf8"), `${file} has this test`).toContain(JSON.stringify(title));
  }
});
