import { isForeground, type Run } from "./run.ts";
import { type SessionRow, findAccess } from "../core/session.ts";

/** After the send number `sends`. Pauses triple, and a third of each is random. Milliseconds. */
export function backOff(run: Run, row: SessionRow | undefined, sends: number): number {
  const { timing, ports } = run;
  const cap = Math.max(timing.backOffBaseMs, maxPause(run, row));
  const full = Math.min(cap, timing.backOffBaseMs * 3 ** sends);
  return (full * (2 + ports.random.fraction())) / 3;
}

/** The shortest pause after the send number `sends`, in every tab and whatever wakes it. Milliseconds. */
export function shortestPause({ timing }: Run, sends: number): number {
  const full = Math.min(timing.backOffCapMs, timing.backOffBaseMs * 3 ** sends);
  return Math.floor((full * 2) / 3);
}

/** The last are back before the first refresh again. */
const SPREAD = 0.8;

/** All that were told the same second must not come in that second. Milliseconds. */
export function afterRetryAfter(run: Run, row: SessionRow, retryAfterMs: number): number {
  const spread = isForeground(run)
    ? Math.min(retryAfterMs, run.timing.backOffCapMs)
    : SPREAD * maxPause(run, row);
  return retryAfterMs + spread * run.ports.random.fraction();
}

/** Who is looked at hurries; who is not asks once in a token's life. */
function maxPause(run: Run, row: SessionRow | undefined): number {
  const { timing, need } = run;
  if (isForeground(run)) return timing.backOffCapMs;
  const key = row && findAccess(row, need.target, () => true);
  const life = key === undefined ? undefined : row!.access[key]!.lifetimeMs;
  return Math.max(life ?? 0, 2 * timing.backOffCapMs);
}

/** However often a page is woken. Milliseconds. */
export const WAKE_MS = 1_000;

/** The first of what a pause ends with: its time, a page that wakes, is looked at or is online again, or news of the session. */
export async function interrupted(run: Run, ms: number): Promise<"over" | "woken" | "news"> {
  const { clock, channel, page } = run.ports;
  const leave = new AbortController();
  const undo: (() => void)[] = [];
  const early = new Promise<"woken" | "news">((resolve) => {
    undo.push(
      page.onEvent((event) => {
        if (event !== "freeze" && event !== "pagehide") resolve("woken");
      }),
      channel.listen(({ key, type }) => {
        if (key === run.need.user && /^(done|ended|user)$/.test(type)) resolve("news");
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
export async function pauseUntilInterrupted(run: Run, ms: number, leastMs: number): Promise<void> {
  const { clock } = run.ports;
  const begun = clock.monotonic();
  await interrupted(run, ms);
  const missing = leastMs - (clock.monotonic() - begun);
  if (missing > 0) await clock.sleep(missing);
}
