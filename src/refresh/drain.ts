import type { Run } from "./run.ts";
import type { Attempt, Next } from "./states.ts";

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
