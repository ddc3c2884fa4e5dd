import type { TabMessage } from "../core/message.ts";
import type { SessionRow } from "../core/session.ts";
import { ownerLock } from "../core/keys.ts";
import { rowKey, broadcast, type Run } from "./run.ts";
import type { Attempt, Next } from "./states.ts";

/**
 * A waiting tab requests the lock of the refreshing tab only after this time. Most refreshes end earlier, without a lock
 * request. Milliseconds.
 */
const LOCK_AFTER_MS = 50;

/**
 * The state WATCH of the refresh machine: this tab waits while another tab refreshes. Each of these events ends the wait:
 * - A message says that the session has changed.
 * - The other tab closes or releases its lock.
 * - The page of this tab freezes, resumes or has another page event.
 * - The other tab has not responded for too long.
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
      unlisten();
      resolve(next);
    });
    undo.push(unlisten);
  });
  const interrupted = new Promise<Next>((resolve) => {
    // Every page event ends the wait. The lock request of a frozen page would block all later requests for this lock.
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
 * Returns the next state after the tab that started `attempt` has closed or released its lock. Reads the session again, because
 * that tab might have stored a response at the last moment.
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
 * Returns the next state after the tab that started `attempt` has stopped without sending anything. If the attempt is still
 * stored, this tab refreshes at once (state CLAIM).
 */
export async function follow(run: Run, attempt: Attempt): Promise<Next> {
  const row = await run.ports.store.get(rowKey(run));
  return isSame(row, attempt) ? { state: "CLAIM", row, certain: true } : { state: "READ" };
}

/**
 * Reads the session every `tickMs` milliseconds, and sends a `probe` message to the refreshing tab. If that tab does not
 * respond for too long, returns the state PAUSE. If the refresh attempt changes, returns the state READ.
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
    // This page might have been frozen since the last tick. So at most two tick intervals are added to the silence of the other
    // tab.
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

/**
 * The state DRAIN of the refresh machine: waits `drainMs` plus a random time. The tab that started `attempt` no longer works on
 * the attempt, but a request of that tab might still be in flight. If a message says that the session has changed, the wait
 * ends at once.
 */
export async function drain(run: Run, attempt: Attempt): Promise<Next> {
  const { channel, clock, random } = run.ports;
  const { drainMs } = run.timing;
  const leave = new AbortController();
  let unlisten = () => {};
  const news = new Promise<void>((resolve) => {
    unlisten = channel.listen(({ key, type }) => {
      if (key === run.need.user && (type === "done" || type === "ended" || type === "user"))
        resolve();
    });
  });
  const drained = clock.sleep(drainMs * (1 + random.fraction() / 4), leave.signal).then(() => {
    run.passed = attempt.sequence;
  });
  try {
    await Promise.race([news, drained]);
  } finally {
    unlisten();
    leave.abort();
    drained.catch(() => {});
  }
  return { state: "READ" };
}
