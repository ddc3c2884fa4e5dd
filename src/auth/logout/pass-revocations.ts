import { abortable } from "../../core/abortable.ts";
import type { TokenRequest } from "../../core/grant.ts";
import { revokeLock, type ClientKey } from "../../core/keys.ts";
import type { Clock, TabLock } from "../../core/ports.ts";
import type { UntoldLogouts } from "./untold-logouts.ts";

/** The longest time that a login waits for revocations. Milliseconds. */
export const PASS_MS = 1_000;

/** The parts that a login needs to wait for revocations. */
export interface RevocationQueue {
  readonly client: ClientKey;
  readonly locks: TabLock;
  readonly clock: Clock;
  readonly untold: UntoldLogouts;
}

/**
 * A login calls this function before it navigates, because a revocation might end the grant that the login shares. Aborts the
 * revocations of this page. Then waits at most `PASS_MS` for the revocations of other tabs, and for aborted requests, which
 * might still be in flight.
 */
export async function passRevocations(
  { client, locks, clock, untold }: RevocationQueue,
  { stored = Promise.resolve(), signal }: Pick<TokenRequest, "stored" | "signal">,
): Promise<void> {
  for (const revocation of untold.revocations.values()) revocation.giveWay(stored);
  const leave = new AbortController();
  const queue = { mode: "exclusive", signal: leave.signal } as const;
  const passed = locks.request(revokeLock(client), queue, async () => {});
  await abortable(Promise.race([passed, clock.sleep(PASS_MS)]), signal).finally(() =>
    leave.abort(),
  );
}
