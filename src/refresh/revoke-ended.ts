import { revokeLock, sessionKey, type ClientKey } from "../core/keys.ts";
import type { RefreshPorts } from "./run.ts";
import type { RefreshTiming } from "./timing.ts";

export interface RevocationDesk {
  readonly client: ClientKey;
  readonly ports: Pick<RefreshPorts, "store" | "locks" | "clock" | "send">;
  readonly timing: RefreshTiming;
}

/**
 * Has the server forget a token whose session was signed out or forgotten. A session that stands may share the grant that
 * would end with it, and so may a login: none leaves while the lock is held, which is until the server answered or the
 * request cannot be on its way any more. The promise settles with the answer.
 */
export function revokeEnded(
  { client, ports, timing }: RevocationDesk,
  user: string,
  refreshToken: string,
): Promise<void> {
  const { store, locks, clock, send } = ports;
  const asked = clock.mono();
  return new Promise((resolve, reject) => {
    const revoke = async () => {
      const row = await store.get(sessionKey(client, user));
      if (row && row.end?.why !== "signed_out") return;
      // Slower than a login may be patient: one may have left.
      if (clock.mono() - asked > timing.permitMs) return;
      const answer = send.revoke(refreshToken, AbortSignal.timeout(timing.requestMs));
      resolve(answer);
      await answer.catch(() => clock.sleep(timing.drainMs));
    };
    locks.request(revokeLock(client), { mode: "exclusive" }, revoke).then(resolve, reject);
  });
}
