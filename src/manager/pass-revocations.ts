import { abortable } from "../core/abortable.ts";
import { revokeLock, type ClientKey } from "../core/keys.ts";
import type { Clock, TabLock } from "../core/ports.ts";

/** What `revokeEnded()` may take: the wait for its turn, its request, and the ghost of that. Milliseconds. */
export const PASS_MS = 19_000;

export interface RevocationQueue {
  readonly client: ClientKey;
  readonly locks: TabLock;
  readonly clock: Clock;
}

/**
 * A login leaves after the revocations under way, which could end the grant it is about to share. A page that holds their
 * lock and stands still does not hold it up for ever.
 */
export async function passRevocations(
  { client, locks, clock }: RevocationQueue,
  signal?: AbortSignal,
): Promise<void> {
  const leave = new AbortController();
  const queue = { mode: "exclusive", signal: leave.signal } as const;
  const passed = locks.request(revokeLock(client), queue, async () => {});
  await abortable(Promise.race([passed, clock.sleep(PASS_MS)]), signal).finally(() =>
    leave.abort(),
  );
}
