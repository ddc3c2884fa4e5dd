import type { Run } from "./run.ts";
import type { Attempt, Next } from "./states.ts";

/**
 * The state DRAIN: waits until the last request of the attempt's owner can no longer be in flight. When DRAIN begins, the
 * owner's tab has closed, or the owner has released its lock. But the owner's last request might not have reached the server
 * yet. If the server got that request after a request of this tab, the server could invalidate the tokens that this tab stored.
 * The wait lasts `drainMs` plus a random time. If a message says that the session has changed, the wait ends at once.
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
