import { abortable } from "../../core/abortable.ts";
import type { TokenRequest } from "../../core/grant.ts";
import { revokeLock, type ClientKey } from "../../core/keys.ts";
import type { Clock, TabLock } from "../../core/ports.ts";
import type { UntoldLogouts } from "./untold-logouts.ts";

/** Before a login navigates, it waits at most this long for revocations to end. Milliseconds. */
export const PASS_MS = 1_000;

/** The objects that `passRevocations()` uses. */
export interface RevocationQueue {
  readonly client: ClientKey;
  readonly locks: TabLock;
  readonly clock: Clock;
  readonly untold: UntoldLogouts;
}

/**
 * A login calls this function before it navigates. If the server revokes a refresh token of the same user during the login, the
 * server might end the new login, too. Therefore this function does two things:
 * 1. It aborts the revocations of this page.
 * 2. It waits until no tab revokes a token, but at most `PASS_MS`. An aborted request might still reach the server, so the
 *    function also waits for aborted requests.
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
