/**
 * Returns the length of the pause after `failures` failures in a row. The first pause is `firstMs`. Each further failure
 * doubles the pause, up to `maxMs`. All times are milliseconds.
 */
export function doublingPause(firstMs: number, failures: number, maxMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(failures - 1, 16), maxMs);
}
