/** The place of a plot in the drawing, and the range of values that the plot shows. */
export interface Panel {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Minutes since the start of the outage. */
  readonly minutes: readonly [from: number, to: number];
  /** Multiples of the steady rate, from zero. */
  readonly highest: number;
}

/** A point of a curve: minutes since the start of the outage, and a multiple of the steady rate. */
export interface Point {
  readonly minute: number;
  readonly rate: number;
}

/** The x coordinate of a minute in the drawing. */
export function x({ left, width, minutes: [from, to] }: Panel, minute: number): number {
  return left + ((minute - from) / (to - from)) * width;
}

/** The y coordinate of a rate in the drawing. */
export function y({ top, height, highest }: Panel, rate: number): number {
  return top + height - (rate / highest) * height;
}

/** SVG path data. Points above the panel stay in the path; the clip of the panel hides them. */
export function path(panel: Panel, points: readonly Point[]): string {
  const [from, to] = panel.minutes;
  return points
    .filter(({ minute }) => minute >= from && minute <= to)
    .map(({ minute, rate }, i) => {
      const place = `${x(panel, minute).toFixed(1)} ${y(panel, rate).toFixed(1)}`;
      return `${i === 0 ? "M" : "L"}${place}`;
    })
    .join("");
}

/** Axes, with a line for each of `rates` and a mark for each of `marks`. */
export function axes(panel: Panel, rates: readonly number[], marks: readonly number[]): string {
  const right = panel.left + panel.width;
  const bottom = panel.top + panel.height;
  const lines = rates.map((rate) => {
    const at = y(panel, rate).toFixed(1);
    return (
      `<path class="grid" d="M${panel.left} ${at}H${right}"/>` +
      `<text x="${panel.left - 8}" y="${at}" dy=".35em" text-anchor="end">${rate}×</text>`
    );
  });
  const minutes = marks.map(
    (minute) =>
      `<text x="${x(panel, minute).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${minute} min</text>`,
  );
  return [...lines, ...minutes].join("\n");
}
