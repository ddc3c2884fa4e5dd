import { abortable } from "../../core/abortable.ts";
import type { TokenRequest } from "../../core/grant.ts";
import { revokeLock, type ClientKey } from "../../core/keys.ts";
import type { Clock, TabLock } from "../../core/ports.ts";
import type { UntoldLogouts } from "./untold-logouts.ts";

/** A login waits at most this long for revocations. Milliseconds. */
export const PASS_MS = 1_000;

/** The objects that `passRevocations()` uses. */
export interface RevocationQueue {
  readonly client: ClientKey;
  readonly locks: TabLock;
  readonly clock: Clock;
  readonly untold: UntoldLogouts;
}

/**
 * A login calls this function before it navigates. If a refresh token of the same user is revoked during the login, the server
 * might end the new login, too. The function first aborts the revocations of this page. Then it waits until no tab revokes a
 * token, for `PASS_MS` at most. It also waits for aborted requests, because they might still be in flight.
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
