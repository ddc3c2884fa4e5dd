import { currentRefusal } from "./refusals.ts";
import type { Next } from "./states.ts";
import { isForeground, rowKey, type Run } from "./run.ts";
import { type SessionRow, findAccess } from "../core/session.ts";

export interface Pause {
  readonly ms: number;
  /** Not shortened by anybody who wakes or looks. */
  readonly leastMs: number;
  /** The server asked for it: a better network would not help. */
  readonly isServers: boolean;
}

/**
 * PAUSE: what the attempt's last owner waits for, its followers wait for, too, after a page load as in another tab. The same
 * holds between refusals that nobody can explain.
 */
export async function pauseBeforeClaim(run: Run, row: SessionRow): Promise<Next> {
  const { attempt } = row;
  const now = run.ports.clock.now();
  const isPaused = attempt !== null && attempt.sequence === run.paused;
  const attemptMs =
    attempt && !isPaused ? Math.min((attempt.retryAt ?? 0) - now, attempt.retryMs ?? 0) : 0;
  const refusalMs = attempt ? 0 : (currentRefusal(row, run.need.target, now)?.remainingMs ?? 0);
  // Timers drop the fraction of a millisecond.
  const leastMs = Math.ceil(Math.max(0, attemptMs, refusalMs));
  const isPatient = attempt !== null && !isPaused && !isForeground(run);
  const ms = isPatient ? Math.max(leastMs, backOff(run, row, attempt.sends)) : leastMs;
  if (ms === 0) return { state: "CLAIM", row, certain: false };
  const pause = { ms, leastMs, isServers: true };
  const isOver = await pauseAttempt(run, row, pause, () => false);
  if (isOver) run.paused = attempt?.sequence;
  return { state: "READ" };
}

/**
 * A pause before the next send. Ends early when the row changed; when the page wakes, unless the server is why; and soon after
 * somebody looks who did not when it began. False when the row changed.
 */
export async function pauseAttempt(
  run: Run,
  seen: SessionRow,
  { ms, leastMs, isServers }: Pause,
  isOwner: () => boolean,
): Promise<boolean> {
  const { clock, random } = run.ports;
  const { tickMs, backOffCapMs } = run.timing;
  const begun = clock.monotonic();
  // Timers drop the fraction of a millisecond, and the rest of one would be waited for once more.
  let end = begun + Math.trunc(ms);
  let looked = isForeground(run);
  for (let now = begun; now < end; now = clock.monotonic()) {
    // Only what may have been missed is looked for again and again.
    const isQuiet = looked && isOwner();
    const what = await interrupted(run, isQuiet ? end - now : Math.min(end - now, tickMs));
    if ((what === "news" || !isOwner()) && (await isOvertaken(run, seen))) return false;
    if (what === "woken" && !isServers) {
      end = Math.min(end, begun + leastMs);
    }
    if (!looked && isForeground(run)) {
      looked = true;
      const soon = clock.monotonic() + backOffCapMs * random.fraction();
      end = Math.min(end, Math.max(begun + leastMs, soon));
    }
  }
  return true;
}

async function isOvertaken(
  run: Run,
  { sessionId, generation, sequence, attempt }: SessionRow,
): Promise<boolean> {
  try {
    const row = await run.ports.store.get(rowKey(run));
    return (
      row?.sessionId !== sessionId ||
      row.generation !== generation ||
      row.sequence !== sequence ||
      row.attempt?.sequence !== attempt?.sequence
    );
  } catch {
    // A store that fails says nothing.
    return false;
  }
}

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
