/**
 * Returns how long to wait after `failures` failures in a row. Milliseconds. The pause is `firstMs` after the first failure,
 * and doubles with each further failure up to `maxMs`. The refresh of stored sessions has its own back-off and does not use
 * this function.
 */
export function doublingPause(firstMs: number, failures: number, maxMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(failures - 1, 16), maxMs);
}
