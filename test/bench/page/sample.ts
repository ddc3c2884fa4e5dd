/** One page load. Milliseconds. */
export interface LoadSample {
  readonly fromScript: number;
  readonly fromNavigation: number;
}

declare global {
  interface Window {
    sample: Promise<LoadSample>;
  }
}

/** The page's times until now; `value` must be there, or nothing was measured. */
export function sampleOf(begin: number, value: unknown): LoadSample {
  const now = performance.now();
  if (!value) throw new Error("the value is missing");
  return { fromScript: now - begin, fromNavigation: now };
}
