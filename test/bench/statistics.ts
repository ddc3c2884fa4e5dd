/** One round: Latchkey, and what it is measured against, right next to each other. */
export interface Measured {
  readonly latchkey: number;
  readonly baseline: number;
}

export interface Comparison extends Measured {
  /** The median of the rounds' ratios. */
  readonly ratio: number;
  readonly p10: number;
  readonly p90: number;
}

/** In medians: one hiccup of the machine must not decide. Not a number when there are no rounds. */
export function compare(rounds: readonly Measured[]): Comparison {
  const ratios = rounds.map(({ latchkey, baseline }) => latchkey / baseline);
  return {
    latchkey: median(rounds.map(({ latchkey }) => latchkey)),
    baseline: median(rounds.map(({ baseline }) => baseline)),
    ratio: median(ratios),
    p10: quantile(ratios, 0.1),
    p90: quantile(ratios, 0.9),
  };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
