import { currentRefusal } from "./refusals.ts";
import type { Next } from "./states.ts";
import { isForeground, rowKey, type Run } from "./run.ts";
import { type SessionRow, findAccess } from "../core/session.ts";

/** A pause before a send. */
export interface Pause {
  /** Milliseconds. */
  readonly ms: number;
  /** No event of the page ends the pause before. Milliseconds. */
  readonly leastMs: number;
  /** A response caused the pause, so a better network would not help. */
  readonly isServers: boolean;
}

/**
 * PAUSE: a tab that follows an attempt waits as its owner does, also after a page load. The same holds between unexplained
 * refusals.
 */
export async function pauseBeforeClaim(run: Run, row: SessionRow): Promise<Next> {
  const { attempt } = row;
  const now = run.ports.clock.now();
  const isPaused = attempt !== null && attempt.sequence === run.paused;
  const attemptMs =
    attempt && !isPaused ? Math.min((attempt.retryAt ?? 0) - now, attempt.retryMs ?? 0) : 0;
  const refusalMs = attempt ? 0 : (currentRefusal(row, run.need.target, now)?.remainingMs ?? 0);
  // Timers drop fractions of a millisecond.
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
 * Pauses before the next send. The pause ends early when the row changes, when the page resumes or is online again (unless
 * `isServers`), and soon after a user begins to wait. Returns false when the row has changed.
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
  // Timers drop fractions of a millisecond. The rest of one would cause another wait.
  let end = begun + Math.trunc(ms);
  let wasForeground = isForeground(run);
  for (let now = begun; now < end; now = clock.monotonic()) {
    // Each tick finds what causes no event: a first waiting caller, or a changed row whose message was lost.
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
    // A store that fails shows no change.
    return false;
  }
}

/** Returns the pause after a send. Pauses triple with `sends`, the sends before it; a third is random. Milliseconds. */
export function backOff(run: Run, row: SessionRow | undefined, sends: number): number {
  const { timing, ports } = run;
  const cap = Math.max(timing.backOffBaseMs, maxPause(run, row));
  const full = Math.min(cap, timing.backOffBaseMs * 3 ** sends);
  return (full * (2 + ports.random.fraction())) / 3;
}

/** Returns the shortest pause after a send, in every tab and after every event. `sends`: the sends before. Milliseconds. */
export function shortestPause({ timing }: Run, sends: number): number {
  const full = Math.min(timing.backOffCapMs, timing.backOffBaseMs * 3 ** sends);
  return Math.floor((full * 2) / 3);
}

/** Below 1, so that the last clients return before the first ones refresh again. */
const SPREAD = 0.8;

/** Returns the pause after a `Retry-After`, spread over the clients that got the same one. Milliseconds. */
export function afterRetryAfter(run: Run, row: SessionRow, retryAfterMs: number): number {
  const spread = isForeground(run)
    ? Math.min(retryAfterMs, run.timing.backOffCapMs)
    : SPREAD * maxPause(run, row);
  return retryAfterMs + spread * run.ports.random.fraction();
}

/** Visible and awaited: `backOffCapMs`. Otherwise: the lifetime of the token, but a minute at least. Milliseconds. */
function maxPause(run: Run, row: SessionRow | undefined): number {
  const { timing, need } = run;
  if (isForeground(run)) return timing.backOffCapMs;
  const key = row && findAccess(row, need.target, () => true);
  const lifetimeMs = key === undefined ? undefined : row!.access[key]!.lifetimeMs;
  return Math.max(lifetimeMs ?? 0, 2 * timing.backOffCapMs);
}

/** The shortest pause after a failed network, however often the page resumes. Milliseconds. */
export const WAKE_MS = 1_000;

/**
 * Waits for the first of these: the end of the pause; a page that resumes, becomes visible or is online again; or a message
 * that the session has changed.
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

/** Pauses for `ms` milliseconds. An event may end the pause early, but not before `leastMs`. */
export async function pauseUntilInterrupted(run: Run, ms: number, leastMs: number): Promise<void> {
  const { clock } = run.ports;
  const begun = clock.monotonic();
  await interrupted(run, ms);
  const missing = leastMs - (clock.monotonic() - begun);
  if (missing > 0) await clock.sleep(missing);
}
