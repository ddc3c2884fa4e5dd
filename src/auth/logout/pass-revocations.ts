import { abortable } from "../../core/abortable.ts";
import type { TokenRequest } from "../../core/grant.ts";
import { revokeLock, type ClientKey } from "../../core/keys.ts";
import type { Clock, TabLock } from "../../core/ports.ts";
import type { UntoldLogouts } from "./untold-logouts.ts";

/** The longest time that a login waits for token revocations before the login navigates. Milliseconds. */
export const PASS_MS = 1_000;

/** The objects that `passRevocations()` uses. */
export interface RevocationQueue {
  readonly client: ClientKey;
  readonly locks: TabLock;
  readonly clock: Clock;
  readonly untold: UntoldLogouts;
}

/**
 * Called before a login navigates. If the server revokes an old token during a login, the server might also end the new
 * session. Therefore this function aborts the revocations of this page. Then the function waits until no tab revokes a token,
 * but at most `PASS_MS`.
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
