import type { SessionRow } from "../core/session.ts";
import type { TabMessage } from "../core/message.ts";
import { rowKey, type Run } from "./run.ts";
import type { Next } from "./states.ts";

/** How long the other tabs wait for a message of the tab whose turn it is. Milliseconds. */
const TURN_MS = 250;

/**
 * Lets one of many tabs that resume at once store its attempt, so that the others need not read the row to follow it. The turn
 * only saves work: T1 alone decides, and a tab that receives no message goes on to T1. Returns the state to enter in place of
 * T1, if any, and a function that ends the turn.
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
  // A page that freezes or closes must not keep the other tabs waiting.
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
