import { currentRefusal } from "./refusals.ts";
import type { Next } from "./states.ts";
import { isForeground, rowKey, type Run } from "./run.ts";
import { type SessionRow, findAccess } from "../core/session.ts";

/** A pause before the next send of a refresh token. */
export interface Pause {
  /** The length of the pause if no event ends the pause early. Milliseconds. */
  readonly ms: number;
  /** The minimum length of the pause. Even if a page event ends the pause early, the pause lasts this long. Milliseconds. */
  readonly leastMs: number;
  /**
   * Whether the server is the reason for the pause. If true, the pause does not end early when the page resumes or is online
   * again. Also true for every pause of the state PAUSE.
   */
  readonly isServers: boolean;
}

/**
 * The state PAUSE: waits before CLAIM.
 * - If the row has an attempt, this tab waits until the attempt's `retryAt`. This is the earliest time of the next send. It is
 *   stored in the row, so a page that has just loaded waits too.
 * - If the row has no attempt, but the server has refused the target for an unknown reason, this tab waits until the pause
 *   after that refusal is over.
 */
export async function pauseBeforeClaim(run: Run, row: SessionRow): Promise<Next> {
  const { attempt } = row;
  const now = run.ports.clock.now();
  const isPaused = attempt !== null && attempt.sequence === run.paused;
  const attemptMs =
    attempt && !isPaused ? Math.min((attempt.retryAt ?? 0) - now, attempt.retryMs ?? 0) : 0;
  const refusalMs = attempt ? 0 : (currentRefusal(row, run.need.target, now)?.remainingMs ?? 0);
  // Round up. Timers ignore fractions of a millisecond, so a timer would otherwise end too early.
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
 * Pauses before the next send. Returns true at the end of the pause. If this tab notices during the pause that the row has
 * changed since `seen` was read, returns false at once. Some events shorten the pause, but never to less than `leastMs`:
 * - If the page resumes, becomes visible or is online again, the pause ends. If `isServers` is true, this rule does not apply.
 * - If a caller begins to wait in a visible page, the pause ends at most `backOffCapMs` milliseconds later.
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
  // Round down. Timers ignore fractions of a millisecond, so the loop would otherwise wait a second time for the remaining
  // fraction.
  let end = begun + Math.trunc(ms);
  let wasForeground = isForeground(run);
  for (let now = begun; now < end; now = clock.monotonic()) {
    // At each tick, the loop checks two things. It checks whether a caller has begun to wait, because no event reports this. It
    // also checks whether the row has changed, because a message about the change can be lost. If this tab owns the attempt and
    // a caller already waits in the visible page, both checks are unnecessary.
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
 * Returns the length of the pause after a send. Milliseconds. `sends`: the number of earlier sends. The pause after the first
 * send is `backOffBaseMs`. Each further pause is three times as long as the previous pause, but not longer than `maxPause()`.
 * From the result, a random part is subtracted: at most a third of the pause.
 */
export function backOff(run: Run, row: SessionRow | undefined, sends: number): number {
  const { timing, ports } = run;
  const cap = Math.max(timing.backOffBaseMs, maxPause(run, row));
  const full = Math.min(cap, timing.backOffBaseMs * 3 ** sends);
  return (full * (2 + ports.random.fraction())) / 3;
}

/**
 * Returns the minimum length of the pause after a send. Milliseconds. Even if a page event ends the pause of a tab early, the
 * tab sends only after this time. `sends`: the number of earlier sends.
 */
export function shortestPause({ timing }: Run, sends: number): number {
  const full = Math.min(timing.backOffCapMs, timing.backOffBaseMs * 3 ** sends);
  return Math.floor((full * 2) / 3);
}

/**
 * After a response with `Retry-After`, a tab waits for the time in `Retry-After` and then for a random time. If no caller waits
 * in a visible page, the random time is at most this share of the longest pause (`maxPause()`). The longest pause is usually
 * the lifetime of the token. With a share of 1, the first tabs might refresh again before the last tabs have refreshed once.
 */
const SPREAD = 0.8;

/**
 * Returns the length of the pause after a response with `Retry-After`. Milliseconds. The length is the sum of `retryAfterMs`
 * and a random time. Without the random time, all clients that got the same response would send again at the same moment.
 */
export function afterRetryAfter(run: Run, row: SessionRow, retryAfterMs: number): number {
  const spread = isForeground(run)
    ? Math.min(retryAfterMs, run.timing.backOffCapMs)
    : SPREAD * maxPause(run, row);
  return retryAfterMs + spread * run.ports.random.fraction();
}

/**
 * Returns the longest allowed pause between two sends. Milliseconds. While a caller waits in a visible page, the longest pause
 * is `backOffCapMs`. Otherwise the longest pause is the lifetime of the stored access token, or twice `backOffCapMs` if that is
 * longer.
 */
function maxPause(run: Run, row: SessionRow | undefined): number {
  const { timing, need } = run;
  if (isForeground(run)) return timing.backOffCapMs;
  const key = row && findAccess(row, need.target, () => true);
  const lifetimeMs = key === undefined ? undefined : row!.access[key]!.lifetimeMs;
  return Math.max(lifetimeMs ?? 0, 2 * timing.backOffCapMs);
}

/**
 * The minimum pause after a network failure. Milliseconds. The pause does not end earlier, even if the page resumes or is
 * online again.
 */
export const WAKE_MS = 1_000;

/**
 * Waits for `ms` milliseconds and then returns `over`. Two events end the wait early:
 * - If the page resumes, becomes visible or is online again, returns `woken`.
 * - If a message says that the session has changed, returns `news`.
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
 * Pauses for `ms` milliseconds. If the page resumes, becomes visible or is online again, or a message says that the session has
 * changed, the pause ends early. But the pause always lasts at least `leastMs` milliseconds.
 */
export async function pauseUntilInterrupted(run: Run, ms: number, leastMs: number): Promise<void> {
  const { clock } = run.ports;
  const begun = clock.monotonic();
  await interrupted(run, ms);
  const missing = leastMs - (clock.monotonic() - begun);
  if (missing > 0) await clock.sleep(missing);
}
