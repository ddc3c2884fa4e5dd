import { encode } from "uqr";

/** A QR code as vector graphics. */
export interface Qr {
  /** The width and the height of the code, including the light margin. The unit is one module (a square of the code). */
  readonly size: number;
  /** The dark modules as an SVG path. A module is one unit wide. */
  readonly path: string;
}

const QUIET_ZONE = 3;

/**
 * Encodes a text as a QR code (ISO/IEC 18004).
 * @see https://www.iso.org/standard/83389.html
 */
export function qrOf(text: string): Qr {
  const { size, data } = encode(text, { ecc: "M", border: QUIET_ZONE });
  const runs = data.flatMap((row, y) => darkRuns(row).map(([x, width]) => run(x, y, width)));
  return { size, path: runs.join("") };
}

const run = (x: number, y: number, width: number) => `M${x} ${y}h${width}v1h-${width}z`;

/**
 * Returns the groups of adjacent dark modules in a row. Each group becomes one rectangle, because gaps would be visible between
 * single modules.
 */
function darkRuns(row: readonly boolean[]): [start: number, width: number][] {
  const runs: [number, number][] = [];
  row.forEach((isDark, x) => {
    if (!isDark) return;
    const last = runs.at(-1);
    if (last && last[0] + last[1] === x) last[1] += 1;
    else runs.push([x, 1]);
  });
  return runs;
}
