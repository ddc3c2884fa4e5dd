import { setTimeout as sleep } from "node:timers/promises";

/** Waits until `holds()` returns true. The error names the condition with `what`. */
export async function until(what: string, holds: () => boolean, timeoutMs = 10_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !holds(); await sleep(5)) {
    if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms`);
  }
}
