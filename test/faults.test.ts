import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { countFaultIds } from "./support/fault-ids.ts";

/** `faults.md` explains the ids with which test titles begin. */

const explained = [
  ...readFileSync(new URL("faults.md", import.meta.url), "utf8").matchAll(
    /^- \*\*([A-Z]\d+)\*\* /gm,
  ),
].map(([, id]) => id!);
const sources = readdirSync(new URL(".", import.meta.url), { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path) && !path.endsWith("faults.test.ts"))
  .map((path) => readFileSync(new URL(path, import.meta.url), "utf8"));

const tested = new Map<string, number>();
for (const source of sources) {
  for (const [id, tests] of countFaultIds(source)) tested.set(id, (tested.get(id) ?? 0) + tests);
}

test("each fault has one line", () => {
  const ids = Object.entries({ A: 13, B: 17, C: 16, D: 7, E: 9 }).flatMap(([part, rows]) =>
    Array.from({ length: rows }, (_, row) => `${part}${row + 1}`),
  );
  expect(explained).toEqual(ids);
});

test("each server's surprise has a test", () => {
  expect(explained.filter((id) => id.startsWith("E") && !tested.has(id))).toEqual([]);
});

test("each fault of the parts A to D has at least two tests", () => {
  const untested = explained.filter((id) => /^[ABCD]/.test(id) && (tested.get(id) ?? 0) < 2);
  expect(untested).toEqual([]);
});

test("each id in a title is explained", () => {
  expect([...tested.keys()].filter((id) => !explained.includes(id))).toEqual([]);
});

test("an id counts once for each test, and A1 is not A10", () => {
  const source = `
test("A10: waits", () => {});
test.for(CASES)("A5, A6: %s is refused", () => {});
const SCENARIOS = [{ title: "B2 and B3: the clock of the server" }, { title: 'A10: cut' }];
describe("A7: the endpoint moved", () => {
  test("reads metadata", () => {
    describe();
  });
  test.for([1, 2])("sends to %s", () => {});
});
test("the codes A11 and A12 in a text: not ids", () => {});
`;
  expect(Object.fromEntries(countFaultIds(source))).toEqual({
    A10: 2,
    A5: 1,
    A6: 1,
    B2: 1,
    B3: 1,
    A7: 2,
  });
});
