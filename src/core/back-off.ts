/**
 * Returns the pause after a number of failures in a row: `firstMs` after the first one, and twice as long after each other one.
 * Milliseconds. The refresh of stored sessions has a back-off of its own.
 */
export function doublingPause(firstMs: number, failures: number, maxMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(failures - 1, 16), maxMs);
}
