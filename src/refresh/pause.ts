import type { SessionRow } from "../core/session.ts";
import { backOff, stirred } from "./back-off.ts";
import { standingRefusal } from "./refusals.ts";
import { isLookedAt, rowKey, type Run } from "./run.ts";
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
  const { att } = row;
  const now = run.ports.clock.now();
  const isPaused = att !== null && att.seq === run.paused;
  const attemptMs = att && !isPaused ? Math.min((att.retryAt ?? 0) - now, att.retryMs ?? 0) : 0;
  const refusalMs = att ? 0 : (standingRefusal(row, run.need.want, now)?.leftMs ?? 0);
  // Timers drop the fraction of a millisecond.
  const leastMs = Math.ceil(Math.max(0, attemptMs, refusalMs));
  const isPatient = att !== null && !isPaused && !isLookedAt(run);
  const ms = isPatient ? Math.max(leastMs, backOff(run, row, att.tries)) : leastMs;
  if (ms === 0) return { state: "CLAIM", row, certain: false };
  const pause = { ms, leastMs, isServers: true };
  const isOver = await pauseAttempt(run, row, pause, () => false);
  if (isOver) run.paused = att?.seq;
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
  const begun = clock.mono();
  // Timers drop the fraction of a millisecond, and the rest of one would be waited for once more.
  let end = begun + Math.trunc(ms);
  let looked = isLookedAt(run);
  for (let now = begun; now < end; now = clock.mono()) {
    // Only what may have been missed is looked for again and again.
    const isQuiet = looked && isOwner();
    const what = await stirred(run, isQuiet ? end - now : Math.min(end - now, tickMs));
    if ((what === "news" || !isOwner()) && (await isOvertaken(run, seen))) return false;
    if (what === "woken" && !isServers) {
      end = Math.min(end, begun + leastMs);
    }
    if (!looked && isLookedAt(run)) {
      looked = true;
      const soon = clock.mono() + backOffCapMs * random.fraction();
      end = Math.min(end, Math.max(begun + leastMs, soon));
    }
  }
  return true;
}

async function isOvertaken(run: Run, { sid, gen, seq, att }: SessionRow): Promise<boolean> {
  try {
    const row = await run.ports.store.get(rowKey(run));
    return row?.sid !== sid || row.gen !== gen || row.seq !== seq || row.att?.seq !== att?.seq;
  } catch {
    // A store that fails says nothing.
    return false;
  }
}
