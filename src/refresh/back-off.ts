import type { SessionRow } from "../core/session.ts";
import { findAccess } from "../core/session.ts";
import { isLookedAt, type Run } from "./run.ts";

/** After the send number `tries`. Pauses triple, and a third of each is random. Milliseconds. */
export function backOff(run: Run, row: SessionRow | undefined, tries: number): number {
  const { timing, ports } = run;
  const cap = Math.max(timing.backOffBaseMs, longestPause(run, row));
  const full = Math.min(cap, timing.backOffBaseMs * 3 ** tries);
  return (full * (2 + ports.random.fraction())) / 3;
}

/** The shortest pause after the send number `tries`, in every tab and whatever wakes it. Milliseconds. */
export function shortestPause({ timing }: Run, tries: number): number {
  const full = Math.min(timing.backOffCapMs, timing.backOffBaseMs * 3 ** tries);
  return Math.floor((full * 2) / 3);
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

/** The first of what a pause ends with: its time, a page that wakes, is looked at or is online again, or news of the session. */
export async function stirred(run: Run, ms: number): Promise<"over" | "woken" | "news"> {
  const { clock, channel, page } = run.ports;
  const leave = new AbortController();
  const undo: (() => void)[] = [];
  const early = new Promise<"woken" | "news">((resolve) => {
    undo.push(
      page.onEvent((event) => {
        if (event !== "freeze" && event !== "pagehide") resolve("woken");
      }),
      channel.listen(({ k, t }) => {
        if (k === run.need.user && /^(done|ended|user)$/.test(t)) resolve("news");
      }),
    );
  });
  const over = clock.sleep(ms, leave.signal).then(() => "over" as const);
  try {
    return await Promise.race([over, early]);
  } finally {
    for (const end of undo) end();
    leave.abort();
    over.catch(() => {});
  }
}

/** A pause that may end early, but not before `leastMs`. */
export async function pauseUntilStirred(run: Run, ms: number, leastMs: number): Promise<void> {
  const { clock } = run.ports;
  const begun = clock.mono();
  await stirred(run, ms);
  const missing = leastMs - (clock.mono() - begun);
  if (missing > 0) await clock.sleep(missing);
}
