/** Counts the tests of each fault id. A title begins with its ids: `A5: …` or `A5, A6: …`. */
export function countFaultIds(source: string): Map<string, number> {
  const counts = new Map<string, number>();
  const lines = source.split("\n");
  lines.forEach((line, at) => {
    const tests = /^\s*describe\b/.test(line) ? testsInBlock(lines, at) : 1;
    for (const id of idsIn(line)) counts.set(id, (counts.get(id) ?? 0) + tests);
  });
  return counts;
}

function idsIn(line: string): string[] {
  const titles = line.matchAll(/["'`]([A-Z]\d+(?:(?:, | and )[A-Z]\d+)*): /g);
  return [...titles].flatMap(([, ids]) => ids!.split(/, | and /));
}

/** Counts the tests of a `describe` block. The formatter closes a block at the indentation of its first line. */
function testsInBlock(lines: readonly string[], start: number): number {
  const indentation = /^\s*/.exec(lines[start]!)![0];
  const end = lines.findIndex((line, at) => at > start && line.startsWith(`${indentation}}`));
  return lines.slice(start, end).filter((line) => /^\s*test\b/.test(line)).length;
}
