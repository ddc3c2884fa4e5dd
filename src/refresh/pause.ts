import type { SessionRow } from "../core/session.ts";
import { backOff, interrupted } from "./back-off.ts";
import { currentRefusal } from "./refusals.ts";
import { isForeground, rowKey, type Run } from "./run.ts";
import type { Next } from "./states.ts";

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
