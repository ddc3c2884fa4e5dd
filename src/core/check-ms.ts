import { ConfigurationError } from "./errors.ts";
import { LONGEST_TIMER_MS } from "./ports.ts";

/**
 * Checks a duration that an app passes. `least` and `most`: milliseconds.
 * @throws ConfigurationError `value` is no whole number from `least` to `most`
 */
export function checkMs(
  input: string,
  value: unknown,
  least: number,
  most: number = LONGEST_TIMER_MS,
): void {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most)
    return;
  throw new ConfigurationError(
    input,
    `it is ${typeof value === "number" ? value : typeof value}`,
    `Give a whole number of milliseconds from ${least} to ${most}.`,
  );
}
