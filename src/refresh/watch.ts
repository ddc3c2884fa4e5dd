import type { TabMessage } from "../core/message.ts";
import type { SessionRow } from "../core/session.ts";
import { ownerLock, rowKey, broadcast, type Run } from "./run.ts";
import type { Attempt, Next } from "./states.ts";

/** Most refreshes are over by then, and nobody has asked for a lock in vain. Milliseconds. */
const LOCK_AFTER_MS = 50;

/** WATCH: until somebody says something about the session, the owner's lock is free, or there is silence for too long. */
export async function watch(run: Run, attempt: Attempt): Promise<Next> {
  const { channel, clock, locks, page } = run.ports;
  const leave = new AbortController();
  const life = { at: -Infinity };
  const undo: (() => void)[] = [];
  const told = new Promise<Next>((resolve) => {
    const unlisten = channel.listen((message) => {
      const next = message.key === run.need.user && onMessage(run, attempt, message, life);
      if (!next) return;
      // What is told again would be looked up again, for nobody.
      unlisten();
      resolve(next);
    });
    undo.push(unlisten);
  });
  const interrupted = new Promise<Next>((resolve) => {
    // A request for a lock must not wait in a page that sleeps: it would hold up everybody behind it.
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
      told,
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

/** An owner may have committed just before it ended, so the row is read again before its attempt is followed. */
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

/** Its owner has not sent and cannot any more: there is no ghost to wait for. */
export async function follow(run: Run, attempt: Attempt): Promise<Next> {
  const row = await run.ports.store.get(rowKey(run));
  return isSame(row, attempt) ? { state: "CLAIM", row, certain: true } : { state: "READ" };
}

/** Looks each tick, and takes over after a silence. A sleep of one's own does not count as the owner's silence. */
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
    // Left: the race is over.
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
