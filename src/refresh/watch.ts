import type { TabMessage } from "../core/message.ts";
import type { SessionRow } from "../core/session.ts";
import { ownerLock, rowKey, broadcast, type Run } from "./run.ts";
import type { Attempt, Next } from "./states.ts";

/**
 * How long WATCH waits before it requests the owner's lock. Milliseconds. Most refreshes end within this time, and then the
 * lock is not requested.
 */
const LOCK_AFTER_MS = 50;

/**
 * The state WATCH: another tab is the owner of the attempt, and this tab waits until that tab has finished. Returns the next
 * state as soon as one of these things happens:
 * - A message says that the session has changed.
 * - This tab gets the owner's lock.
 * - A page event occurs, for example because the page freezes or resumes.
 * - The owner has not responded for too long.
 */
export async function watch(run: Run, attempt: Attempt): Promise<Next> {
  const { channel, clock, locks, page } = run.ports;
  const leave = new AbortController();
  const life = { at: -Infinity };
  const undo: (() => void)[] = [];
  const news = new Promise<Next>((resolve) => {
    const unlisten = channel.listen((message) => {
      const next = message.key === run.need.user && onMessage(run, attempt, message, life);
      if (!next) return;
      // The first message is enough. A second message would only cause another read of the row.
      unlisten();
      resolve(next);
    });
    undo.push(unlisten);
  });
  const interrupted = new Promise<Next>((resolve) => {
    // Every page event ends WATCH and its lock request. The lock request of a frozen page would block all later lock requests.
    undo.push(page.onEvent(() => resolve({ state: "READ" })));
  });
  const soon = clock.sleep(LOCK_AFTER_MS, leave.signal);
  const ended = soon.then(() =>
    locks.request<Next>(ownerLock(attempt.id), { mode: "shared", signal: leave.signal }, () =>
      ownerEnded(run, attempt),
    ),
  );
  try {
    return await Promise.race([
      news,
      interrupted,
      ended,
      observe(run, attempt, life, leave.signal),
    ]);
  } finally {
    for (const end of undo) end();
    leave.abort();
    ended.catch(() => {});
  }
}

/**
 * Returns the next state after the attempt's owner has released its lock, or after the owner's tab has closed. Reads the row
 * again, because the owner might have stored a response at the last moment.
 */
export async function ownerEnded(run: Run, attempt: Attempt): Promise<Next> {
  return isSame(await run.ports.store.get(rowKey(run)), attempt)
    ? { state: "DRAIN", attempt }
    : { state: "READ" };
}

function onMessage(
  run: Run,
  attempt: Attempt,
  message: TabMessage,
  life: { at: number },
): Next | Promise<Next> | null {
  switch (message.type) {
    case "done":
    case "ended":
    case "user":
      return { state: "READ" };
    case "claim":
      return message.sequence > attempt.sequence ? { state: "READ" } : null;
    case "gone":
      if (message.attemptId !== attempt.id) return null;
      return message.unsent ? follow(run, attempt) : ownerEnded(run, attempt);
    case "alive":
      if (
        message.attemptId === attempt.id &&
        !message.frozen &&
        message.tickAgeMs < run.timing.aliveAgeMs
      )
        life.at = run.ports.clock.monotonic();
      return null;
    case "probe":
      break;
  }
  return null;
}

/**
 * Called when the attempt's owner has released its lock before it sent anything. Returns the next state. If the row still has
 * the attempt, that state is CLAIM: this tab can take the attempt over at once, because no request is in flight.
 */
export async function follow(run: Run, attempt: Attempt): Promise<Next> {
  const row = await run.ports.store.get(rowKey(run));
  return isSame(row, attempt) ? { state: "CLAIM", row, certain: true } : { state: "READ" };
}

/**
 * At each tick, reads the row and sends a `probe` message to the owner.
 * - If the row has another attempt or none, returns READ.
 * - If the owner has not responded for too long, returns PAUSE. After PAUSE, this tab takes the attempt over.
 * If the owner does not respond between two ticks, the time between these ticks is added to the owner's silence. If the owner
 * responds, the silence is 0 again. Of a time in which this page was frozen, at most two tick intervals are added.
 */
async function observe(
  run: Run,
  attempt: Attempt,
  life: { at: number },
  signal: AbortSignal,
): Promise<Next> {
  const { clock, locks, random, store } = run.ports;
  const { tickMs, takeoverMs, inDoubtMs } = run.timing;
  const isStrict = (run.reuseLeewayMs ?? Infinity) < takeoverMs;
  let silentMs = 0;
  let last = clock.monotonic();
  for (;;) {
    await clock.sleep(tickMs, signal).catch(() => {});
    // `watch()` has already ended, so nothing uses this result.
    if (signal.aborted) return { state: "READ" };
    const now = clock.monotonic();
    silentMs = life.at >= last ? 0 : silentMs + Math.min(now - last, 2 * tickMs);
    last = now;
    const row = await store.get(rowKey(run));
    if (!isSame(row, attempt)) return { state: "READ" };
    if (silentMs >= (isStrict ? inDoubtMs : takeoverMs)) {
      run.passed = attempt.sequence;
      return { state: "PAUSE", row };
    }
    broadcast(run, row.sessionId, {
      type: "probe",
      sequence: attempt.sequence,
      attemptId: attempt.id,
      nonce: random.id(),
    });
    await locks.query();
  }
}

function isSame(row: SessionRow | undefined, attempt: Attempt): row is SessionRow {
  return row?.attempt?.id === attempt.id && row.attempt.sequence === attempt.sequence;
}
