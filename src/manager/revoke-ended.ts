import { TimeoutError } from "../core/errors.ts";
import { revokeLock, sessionKey, type ClientKey } from "../core/keys.ts";
import type { Clock, TabLock } from "../core/ports.ts";
import type { SessionStore } from "../core/session.ts";

/** From the question for the lock to the request. Milliseconds. */
export const PERMIT_MS = 2_000;
/** The longest the request may take. Milliseconds. */
export const REQUEST_MS = 15_000;
/** After one that failed: it may still be on its way. Milliseconds. */
export const DRAIN_MS = 2_000;

export interface RevocationDesk {
  readonly client: ClientKey;
  readonly sessions: SessionStore;
  readonly locks: TabLock;
  readonly clock: Clock;
  readonly server: { revoke(refreshToken: string, signal: AbortSignal): Promise<void> };
}

/**
 * Has the server forget a token whose session was signed out, forgotten, or ended by its ID token. A session that stands may
 * share the grant that would end with it, and so may a login: none leaves while the lock is held, which is until the server
 * answered or the request cannot be on its way any more. The promise settles with the answer.
 * @throws TimeoutError it was not sent: the lock, or the store, came too late. It may be asked for again
 */
export function revokeEnded(
  { client, sessions, locks, clock, server }: RevocationDesk,
  user: string,
  refreshToken: string,
): Promise<void> {
  const asked = clock.mono();
  return new Promise((resolve, reject) => {
    const revoke = async () => {
      const row = await sessions.get(sessionKey(client, user));
      const why = row?.end?.why;
      if (row && why !== "signed_out" && why !== "id_token") return;
      // Slower than a login may be patient: one may have left.
      if (clock.mono() - asked > PERMIT_MS) {
        throw new TimeoutError("too late to revoke", { pending: false });
      }
      const answer = server.revoke(refreshToken, AbortSignal.timeout(REQUEST_MS));
      resolve(answer);
      await answer.catch(() => clock.sleep(DRAIN_MS));
    };
    locks.request(revokeLock(client), { mode: "exclusive" }, revoke).then(resolve, reject);
  });
}
