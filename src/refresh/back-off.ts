import type { Run } from "./run.ts";

/** Equal jitter: half fixed, half random. Milliseconds. */
export function backOff({ timing, ports }: Run, tries: number): number {
  const full = Math.min(timing.backOffCapMs, timing.backOffBaseMs * 2 ** tries);
  return full / 2 + (full / 2) * ports.random.fraction();
}

/** Until the browser says that it is online, or the longest back-off. */
export async function untilOnline({ timing, ports: { clock, page } }: Run): Promise<void> {
  const leave = new AbortController();
  let unlisten = () => {};
  const online = new Promise<void>((resolve) => {
    unlisten = page.onOnline(resolve);
  });
  const cap = clock.sleep(timing.backOffCapMs, leave.signal);
  try {
    await Promise.race([online, cap]);
  } finally {
    unlisten();
    leave.abort();
  }
}
