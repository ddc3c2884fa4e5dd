import { currentRefusal } from "./refusals.ts";
import type { Next } from "./states.ts";
import { isForeground, rowKey, type Run } from "./run.ts";
import { type SessionRow, findAccess } from "../core/session.ts";

/** A pause before the next send of a refresh token. */
export interface Pause {
  /** The pause lasts this long if no event ends it early. Milliseconds. */
  readonly ms: number;
  /** The pause lasts at least this long, even if a page event ends it early. Milliseconds. */
  readonly leastMs: number;
  /**
   * If true, the pause does not end early when the page resumes or is online again. True for a pause that a response of the
   * server caused, and for every pause of the state PAUSE.
   */
  readonly isServers: boolean;
}

/**
 * The state PAUSE: waits before CLAIM. If the row has an attempt, this tab waits as long as the attempt's owner would wait
 * before its next send. The row contains this time, so the pause also applies after a page load. If the row has no attempt,
 * this tab waits while an unexplained refusal of the target is in effect.
 */
export async function pauseBeforeClaim(run: Run, row: SessionRow): Promise<Next> {
  const { attempt } = row;
  const now = run.ports.clock.now();
  const isPaused = attempt !== null && attempt.sequence === run.paused;
  const attemptMs =
    attempt && !isPaused ? Math.min((attempt.retryAt ?? 0) - now, attempt.retryMs ?? 0) : 0;
  const refusalMs = attempt ? 0 : (currentRefusal(row, run.need.target, now)?.remainingMs ?? 0);
  // Round up, because timers drop fractions of a millisecond.
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
 * Pauses before the next send. Returns true at the end of the pause. Returns false as soon as this tab notices that the row is
 * no longer the same as `seen`. Two events shorten the pause, but never to less than `leastMs`:
 * - The page resumes, becomes visible or is online again. This event ends the pause, unless `isServers` is true.
 * - A caller begins to wait in a visible page. From then on, the pause lasts `backOffCapMs` at most.
 * @param isOwner returns whether this tab holds the attempt's lock
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
  // Round down. Timers drop fractions of a millisecond, so the loop would otherwise wait once more for the remaining fraction.
  let end = begun + Math.trunc(ms);
  let wasForeground = isForeground(run);
  for (let now = begun; now < end; now = clock.monotonic()) {
    // No event tells when a caller begins to wait, and a message about a changed row can be lost. So the loop checks both each
    // tick. The checks are not needed while this tab owns the attempt and a caller waits in the visible page.
    const isQuiet = wasForeground && isOwner();
    const cause = await interrupted(run, isQuiet ? end - now : Math.min(end - now, tickMs));
    if ((cause === "news" || !isOwner()) && (await isOvertaken(run, seen))) return false;
    if (cause === "woken" && !isServers) {
      end = Math.min(end, begun + leastMs);
    }
    if (!wasForeground && isForeground(run)) {
      wasForeground = true;
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
    // A failed read does not show that the row has changed.
    return false;
  }
}

/**
 * Returns the length of the pause after a send. Milliseconds. `sends`: the number of earlier sends. Each earlier send makes the
 * pause three times longer, up to a maximum. The pause is then shortened by a random time, by a third at most.
 */
export function backOff(run: Run, row: SessionRow | undefined, sends: number): number {
  const { timing, ports } = run;
  const cap = Math.max(timing.backOffBaseMs, maxPause(run, row));
  const full = Math.min(cap, timing.backOffBaseMs * 3 ** sends);
  return (full * (2 + ports.random.fraction())) / 3;
}

/**
 * Returns the minimum length of the pause after a send. Milliseconds. No tab sends again earlier, even if a page event ends its
 * pause early. `sends`: the number of earlier sends.
 */
export function shortestPause({ timing }: Run, sends: number): number {
  const full = Math.min(timing.backOffCapMs, timing.backOffBaseMs * 3 ** sends);
  return Math.floor((full * 2) / 3);
}

/**
 * A client in the background adds a random time to a `Retry-After`. The random time is at most this share of the longest pause.
 * The share is less than 1, so that the last client has refreshed before the first client refreshes again.
 */
const SPREAD = 0.8;

/**
 * Returns the length of the pause after a response with `Retry-After`. Milliseconds. The pause is `retryAfterMs` and a random
 * time, so that clients that got the same response do not all send again at once.
 */
export function afterRetryAfter(run: Run, row: SessionRow, retryAfterMs: number): number {
  const spread = isForeground(run)
    ? Math.min(retryAfterMs, run.timing.backOffCapMs)
    : SPREAD * maxPause(run, row);
  return retryAfterMs + spread * run.ports.random.fraction();
}

/**
 * Returns the longest pause between two sends. Milliseconds. While a caller waits in a visible page, the longest pause is
 * `backOffCapMs`. Otherwise it is the lifetime of the stored token, but at least twice `backOffCapMs`.
 */
function maxPause(run: Run, row: SessionRow | undefined): number {
  const { timing, need } = run;
  if (isForeground(run)) return timing.backOffCapMs;
  const key = row && findAccess(row, need.target, () => true);
  const lifetimeMs = key === undefined ? undefined : row!.access[key]!.lifetimeMs;
  return Math.max(lifetimeMs ?? 0, 2 * timing.backOffCapMs);
}

/** After a network failure, the pause lasts at least this long, even if the page resumes or is online again. Milliseconds. */
export const WAKE_MS = 1_000;

/**
 * Waits for `ms` milliseconds and returns `over`. Returns `woken` as soon as the page resumes, becomes visible or is online
 * again. Returns `news` as soon as a message says that the session has changed.
 */
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

/**
 * Pauses for `ms` milliseconds. A page event, or a message that the session has changed, can end the pause early, but not
 * within the first `leastMs` milliseconds.
 */
export async function pauseUntilInterrupted(run: Run, ms: number, leastMs: number): Promise<void> {
  const { clock } = run.ports;
  const begun = clock.monotonic();
  await interrupted(run, ms);
  const missing = leastMs - (clock.monotonic() - begun);
  if (missing > 0) await clock.sleep(missing);
}
