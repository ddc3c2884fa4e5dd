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

/** The times of the page until now. @throws Error when `value` is missing, because then nothing was measured */
export function sampleOf(begin: number, value: unknown): LoadSample {
  const now = performance.now();
  if (!value) throw new Error("the value is missing");
  return { fromScript: now - begin, fromNavigation: now };
}
