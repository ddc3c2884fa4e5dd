import { currentRefusal } from "./refusals.ts";
import type { Next } from "./states.ts";
import { type SessionRow, findAccess, type SessionStore } from "../core/session.ts";
import { isForeground, rowKey, type Run, type RefreshPorts } from "./run.ts";

/** A pause before a tab sends a refresh token. */
export interface Pause {
  /** The length of the pause if no event ends the pause early. Milliseconds. */
  readonly ms: number;
  /** The minimum length of the pause, even if an event ends the pause early. Milliseconds. */
  readonly leastMs: number;
  /**
   * If true, the pause does not end early when the page resumes or is online again. The value is true, for example, after a
   * `Retry-After` of the server.
   */
  readonly isServers: boolean;
}

/**
 * The state PAUSE of the refresh machine. If an earlier refresh attempt got no token, or if the server refused the request for
 * an unknown reason, this tab waits. The stored session contains the end of the wait, so all tabs wait.
 */
export async function pauseBeforeClaim(run: Run, row: SessionRow): Promise<Next> {
  const { attempt } = row;
  const now = run.ports.clock.now();
  const isPaused = attempt !== null && attempt.sequence === run.paused;
  const attemptMs =
    attempt && !isPaused ? Math.min((attempt.retryAt ?? 0) - now, attempt.retryMs ?? 0) : 0;
  const refusalMs = attempt ? 0 : (currentRefusal(row, run.need.target, now)?.remainingMs ?? 0);
  // Round up, because timers ignore fractions of a millisecond. Otherwise the timer would end too early.
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
 * Pauses before the refresh token is sent. Returns true at the end of the pause. If the stored session has changed since `seen`
 * was read, returns false.
 * Two events shorten the pause, but never to less than `leastMs`:
 * - The page resumes, becomes visible or is online again, and `isServers` is false.
 * - A caller begins to wait in a visible page. The pause then ends within `backOffCapMs` milliseconds.
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
  // Round down, because timers ignore fractions of a millisecond. Otherwise the loop would wait again for the fraction.
  let end = begun + Math.trunc(ms);
  let wasForeground = isForeground(run);
  for (let now = begun; now < end; now = clock.monotonic()) {
    // At each tick, the loop looks for new callers and for changes of the stored session. If this tab holds the attempt's lock,
    // and a caller already waits in a visible page, no ticks are needed.
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
    // If the read fails, assume that the session has not changed.
    return false;
  }
}

/**
 * Returns the length of the pause before the next send, in milliseconds. Each pause is three times as long as the previous
 * pause, up to `maxPause()`. A random part of at most a third is then subtracted. `sends`: the number of earlier sends.
 */
export function backOff(run: Run, row: SessionRow | undefined, sends: number): number {
  const { timing, ports } = run;
  const cap = Math.max(timing.backOffBaseMs, maxPause(run, row));
  const full = Math.min(cap, timing.backOffBaseMs * 3 ** sends);
  return (full * (2 + ports.random.fraction())) / 3;
}

/**
 * Returns the minimum pause before the next send, in milliseconds. No page event ends the pause earlier. `sends`: the number of
 * earlier sends.
 */
export function shortestPause({ timing }: Run, sends: number): number {
  const full = Math.min(timing.backOffCapMs, timing.backOffBaseMs * 3 ** sends);
  return Math.floor((full * 2) / 3);
}

/**
 * If no caller waits in a visible page, a tab adds a random time to the server's `Retry-After`. The random time is at most this
 * share of `maxPause()`.
 */
const SPREAD = 0.8;

/**
 * Returns the length of the pause after a response with `Retry-After`, in milliseconds. A random time is added to
 * `retryAfterMs`, so that not all clients send again at the same moment.
 */
export function afterRetryAfter(run: Run, row: SessionRow, retryAfterMs: number): number {
  const spread = isForeground(run)
    ? Math.min(retryAfterMs, run.timing.backOffCapMs)
    : SPREAD * maxPause(run, row);
  return retryAfterMs + spread * run.ports.random.fraction();
}

/**
 * Returns the longest pause between two sends, in milliseconds. If no caller waits in a visible page, the pause can be as long
 * as the lifetime of the stored access token.
 */
function maxPause(run: Run, row: SessionRow | undefined): number {
  const { timing, need } = run;
  if (isForeground(run)) return timing.backOffCapMs;
  const key = row && findAccess(row, need.target, () => true);
  const lifetimeMs = key === undefined ? undefined : row!.access[key]!.lifetimeMs;
  return Math.max(lifetimeMs ?? 0, 2 * timing.backOffCapMs);
}

/** The minimum pause after a network failure, even if the page resumes or is online again. Milliseconds. */
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
 * Pauses for `ms` milliseconds. A page event or a message about the session ends the pause early, but not before `leastMs`
 * milliseconds.
 */
export async function pauseUntilInterrupted(run: Run, ms: number, leastMs: number): Promise<void> {
  const { clock } = run.ports;
  const begun = clock.monotonic();
  await interrupted(run, ms);
  const missing = leastMs - (clock.monotonic() - begun);
  if (missing > 0) await clock.sleep(missing);
}

/**
 * Returns a store whose methods `get` and `update` wait while the page is frozen. An open transaction of a frozen page would
 * block the other tabs.
 */
export function awakeStore(store: SessionStore, page: RefreshPorts["page"]): SessionStore {
  return {
    get: async (key) => {
      await untilAwake(page);
      return store.get(key);
    },
    update: async (key, change) => {
      await untilAwake(page);
      return store.update(key, change);
    },
    seal: (record) => store.seal(record),
    open: (tokens) => store.open(tokens),
  };
}

async function untilAwake(page: RefreshPorts["page"]): Promise<void> {
  if (!page.frozen()) return;
  let unwatch = () => {};
  await new Promise<void>((resolve) => {
    unwatch = page.onEvent(() => {
      if (!page.frozen()) resolve();
    });
  });
  unwatch();
}
