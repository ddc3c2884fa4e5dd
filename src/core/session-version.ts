import { ConfigurationError } from "./errors.ts";
import type { SessionRow } from "./session.ts";

/** A tab that meets a row of a newer Latchkey, in another tab, must not write it. */
export function isNewer(row: SessionRow | undefined): boolean {
  return row !== undefined && row.v > 1;
}

export function newerVersion(): ConfigurationError {
  return new ConfigurationError(
    "session",
    "a newer version of Latchkey wrote it, in another tab",
    "Reload this page to get the newer version here, too.",
  );
}
