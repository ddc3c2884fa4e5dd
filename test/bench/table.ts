import type { Comparison } from "./statistics.ts";

/** One line of the table: the name and unit of a comparison, and the target ratio, if it has one. */
export interface Line {
  readonly what: string;
  readonly unit: string;
  readonly digits: number;
  readonly target?: number;
  readonly result: Comparison;
}

const HEAD = ["", "Latchkey", "baseline", "ratio", "p10 to p90", "target"];

/** Formats the lines as a text table. */
export function table(lines: readonly Line[]): string {
  const rows = [HEAD, ...lines.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
        )
        .join("  "),
    )
    .join("\n");
}

function cells({ what, unit, digits, target, result }: Line): string[] {
  const value = (number: number): string => `${number.toFixed(digits)} ${unit}`;
  return [
    what,
    value(result.latchkey),
    value(result.baseline),
    result.ratio.toFixed(2),
    `${result.p10.toFixed(2)} to ${result.p90.toFixed(2)}`,
    target === undefined ? "" : target.toFixed(1),
  ];
}
