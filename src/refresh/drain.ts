import type { Run } from "./run.ts";
import type { Attempt, Next } from "./states.ts";

/**
 * The state DRAIN. The tab that owned the attempt was closed, or it released its lock. Its request might still be in flight.
 * This tab waits for `drainMs`. The wait ends early if a message says that the session has changed. Without this wait, the
 * old request could reach the server after this tab's request, and invalidate the tokens that this tab has just stored.
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
