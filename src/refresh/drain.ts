import type { Run } from "./run.ts";
import type { Attempt, Next } from "./states.ts";

/**
 * DRAIN: waits until no request of an owner that has ended can be in flight. If a newer request overtook the owner's request,
 * the owner's request would invalidate the tokens that were just stored.
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
