/** One round: Latchkey and the baseline, measured directly one after the other. */
export interface Measured {
  readonly latchkey: number;
  readonly baseline: number;
}

/** The medians of all rounds, and their ratios. */
export interface Comparison extends Measured {
  /** The median of the rounds' ratios. */
  readonly ratio: number;
  readonly p10: number;
  readonly p90: number;
}

/** Compares medians, so that one slow moment of the machine does not decide. The values are NaN without rounds. */
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
