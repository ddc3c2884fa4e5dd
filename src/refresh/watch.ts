import type { TabMessage } from "../core/message.ts";
import type { SessionRow } from "../core/session.ts";
import { ownerLock, rowKey, broadcast, type Run } from "./run.ts";
import type { Attempt, Next } from "./states.ts";

/** Most refreshes end before, so that no tab requests a lock in vain. Milliseconds. */
const LOCK_AFTER_MS = 50;

/** WATCH: waits for a message about the session, for the owner's lock, or for a long silence of the owner. */
export async function watch(run: Run, attempt: Attempt): Promise<Next> {
  const { channel, clock, locks, page } = run.ports;
  const leave = new AbortController();
  const life = { at: -Infinity };
  const undo: (() => void)[] = [];
  const news = new Promise<Next>((resolve) => {
    const unlisten = channel.listen((message) => {
      const next = message.key === run.need.user && onMessage(run, attempt, message, life);
      if (!next) return;
      // A second message would read the row again, in vain.
      unlisten();
      resolve(next);
    });
    undo.push(unlisten);
  });
  const interrupted = new Promise<Next>((resolve) => {
    // The lock request of a frozen page would block every request behind it.
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

/** Returns the state after the owner's end. The owner may have committed just before, so the row is read again. */
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

/** Follows an attempt that its owner has not sent and never will, so that no request can be in flight. */
export async function follow(run: Run, attempt: Attempt): Promise<Next> {
  const row = await run.ports.store.get(rowKey(run));
  return isSame(row, attempt) ? { state: "CLAIM", row, certain: true } : { state: "READ" };
}

/**
 * Reads the row each tick, and takes the attempt over after a long silence of its owner. Time in which this page is frozen does
 * not count as silence.
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
    // Another promise of the race has settled.
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
