import type { Run } from "./run.ts";
import type { Attempt, Next } from "./states.ts";

/**
 * DRAIN: the owner is gone and its request may still be on its way to the server. One that was sent after it could be
 * overtaken, and the ghost would then invalidate what was just stored.
 */
export async function drain(run: Run, attempt: Attempt): Promise<Next> {
  const { channel, clock, random } = run.ports;
  const { drainMs } = run.timing;
  const leave = new AbortController();
  let unlisten = () => {};
  const told = new Promise<void>((resolve) => {
    unlisten = channel.listen(({ key, type }) => {
      if (key === run.need.user && (type === "done" || type === "ended" || type === "user"))
        resolve();
    });
  });
  const over = clock.sleep(drainMs * (1 + random.fraction() / 4), leave.signal).then(() => {
    run.passed = attempt.sequence;
  });
  try {
    await Promise.race([told, over]);
  } finally {
    unlisten();
    leave.abort();
    over.catch(() => {});
  }
  return { state: "READ" };
}
