import type { SessionRow } from "../core/session.ts";
import { findAccess } from "../core/session.ts";
import type { PageEvent } from "../core/ports.ts";
import { isLookedAt, type Run } from "./run.ts";

/** Equal jitter: half fixed, half random. Milliseconds. */
export function backOff(run: Run, row: SessionRow | undefined, tries: number): number {
  const { timing, ports } = run;
  const cap = Math.max(timing.backOffBaseMs, longestPause(run, row));
  const full = Math.min(cap, timing.backOffBaseMs * 2 ** tries);
  return full / 2 + (full / 2) * ports.random.fraction();
}

/** The last are back before the first refresh again. */
const SPREAD = 0.8;

/** All that were told the same second must not come in that second. Milliseconds. */
export function afterRetryAfter(run: Run, row: SessionRow, retryAfterMs: number): number {
  const spread = isLookedAt(run)
    ? Math.min(retryAfterMs, run.timing.backOffCapMs)
    : SPREAD * longestPause(run, row);
  return retryAfterMs + spread * run.ports.random.fraction();
}

/** Who is looked at hurries; who is not asks once in a token's life. */
function longestPause(run: Run, row: SessionRow | undefined): number {
  const { timing, need } = run;
  if (isLookedAt(run)) return timing.backOffCapMs;
  const key = row && findAccess(row, need.want, () => true);
  const life = key === undefined ? undefined : row!.access[key]!.lifeMs;
  return Math.max(life ?? 0, 2 * timing.backOffCapMs);
}

/** However often a page is woken. Milliseconds. */
export const WAKE_MS = 1_000;

export function wakes(event: PageEvent): boolean {
  return event !== "freeze" && event !== "pagehide";
}

/** A pause that ends early when the page wakes, is looked at or is online again: not before `leastMs`. */
export async function pauseUntilWoken(run: Run, ms: number, leastMs: number): Promise<void> {
  const { clock, page } = run.ports;
  const begun = clock.mono();
  const leave = new AbortController();
  let unwatch = () => {};
  const woken = new Promise<void>((resolve) => {
    unwatch = page.onEvent((event) => {
      if (wakes(event)) resolve();
    });
  });
  const over = clock.sleep(ms, leave.signal);
  try {
    await Promise.race([over, woken]);
  } finally {
    unwatch();
    leave.abort();
    over.catch(() => {});
  }
  const missing = leastMs - (clock.mono() - begun);
  if (missing > 0) await clock.sleep(missing);
}
