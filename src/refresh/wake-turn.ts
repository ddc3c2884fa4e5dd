import type { SessionRow } from "../core/session.ts";
import type { TabMessage } from "../core/message.ts";
import { rowKey, type Run } from "./run.ts";
import type { Next } from "./states.ts";

/** If another tab goes first, this tab waits for a message from that tab, but no longer than this. Milliseconds. */
const TURN_MS = 250;

/**
 * Lets one tab go first when many tabs resume at once. All tabs request the same lock. The tab that gets the lock continues at
 * once. Every other tab waits for a message about the session, or for `TURN_MS`, and then continues. This only saves work: even
 * without the lock, two tabs could not both store an attempt, because `claimAttempt()` writes only to an unchanged row.
 * Returns `end`, which releases the lock. If a message arrived, also returns `next`, the state to continue with.
 */
export async function takeTurn(
  run: Run,
  seen: SessionRow,
): Promise<{ next?: Next; end: () => void }> {
  const { clock, locks, page } = run.ports;
  const leave = new AbortController();
  const received = listen(run, seen, leave.signal);
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  // Every page event releases the lock. Otherwise the other tabs would wait for a page that freezes or closes.
  void ended.then(page.onEvent(() => end()));
  try {
    const isMine = await new Promise<boolean>((resolve) => {
      const hold = async (granted: boolean): Promise<void> => {
        resolve(granted);
        if (granted) await ended;
      };
      const name = `turn/${rowKey(run)}`;
      locks
        .request(name, { mode: "exclusive", ifAvailable: true }, hold)
        .catch(() => resolve(false));
    });
    if (isMine) return { end };
    end();
    const silence = clock.sleep(TURN_MS, leave.signal).then(() => undefined);
    const next = await Promise.race([received, silence]);
    return { ...(next && { next }), end };
  } finally {
    leave.abort();
  }
}

function listen(run: Run, seen: SessionRow, signal: AbortSignal): Promise<Next> {
  return new Promise((resolve) => {
    const unlisten = run.ports.channel.listen((message) => {
      const next =
        message.key === run.need.user && message.sessionId === seen.sessionId && onMessage(message);
      if (next) resolve(next);
    });
    signal.addEventListener("abort", unlisten);
  });
}

function onMessage(message: TabMessage): Next | null {
  switch (message.type) {
    case "claim":
      return { state: "WATCH", attempt: { id: message.attemptId, sequence: message.sequence } };
    case "done":
    case "ended":
    case "user":
      return { state: "READ" };
    case "gone":
    case "alive":
    case "probe":
      break;
  }
  return null;
}
