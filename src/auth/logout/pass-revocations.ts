import { abortable } from "../../core/abortable.ts";
import type { TokenRequest } from "../../core/grant.ts";
import { revokeLock, type ClientKey } from "../../core/keys.ts";
import type { Clock, TabLock } from "../../core/ports.ts";
import type { UntoldLogouts } from "./untold-logouts.ts";

/** The longest time that a login waits for revocations. Milliseconds. */
export const PASS_MS = 1_000;

export interface RevocationQueue {
  readonly client: ClientKey;
  readonly locks: TabLock;
  readonly clock: Clock;
  readonly untold: UntoldLogouts;
}

/**
 * A revocation may end the grant that a login is about to share. So a login aborts the revocations of its own page, and waits
 * a moment for those of other tabs and for requests that were aborted: they may still be on their way to the server.
 */
export async function passRevocations(
  { client, locks, clock, untold }: RevocationQueue,
  { kept = Promise.resolve(), signal }: Pick<TokenRequest, "kept" | "signal">,
): Promise<void> {
  for (const revocation of untold.revocations.values()) revocation.giveWay(kept);
  const leave = new AbortController();
  const queue = { mode: "exclusive", signal: leave.signal } as const;
  const passed = locks.request(revokeLock(client), queue, async () => {});
  await abortable(Promise.race([passed, clock.sleep(PASS_MS)]), signal).finally(() =>
    leave.abort(),
  );
}
