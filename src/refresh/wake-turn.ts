import type { SessionRow } from "../core/session.ts";
import type { TabMessage } from "../core/message.ts";
import { rowKey, type Run } from "./run.ts";
import type { Next } from "./states.ts";

/** The longest time that a tab waits for a message from the tab that refreshes first. Milliseconds. */
const TURN_MS = 250;

/**
 * Lets one tab refresh first when many tabs resume at once. Each tab requests the same lock. A tab that does not get the lock
 * waits for a message about the session, but no longer than `TURN_MS`.
 * Returns `end`, a function that releases the lock. If a message arrived, also returns `next`, the next state of the machine.
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
