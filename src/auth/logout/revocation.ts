import { abortable } from "../../core/abortable.ts";
import { CancelledError, NetworkError, TimeoutError } from "../../core/errors.ts";
import { revokeLock, sessionKey, type ClientKey } from "../../core/keys.ts";
import type { Clock, TabLock } from "../../core/ports.ts";
import type { SessionStore } from "../../core/session.ts";

/** From the request for the lock to the request to the server: no longer than a login waits. Milliseconds. */
export const PERMIT_MS = 1_000;
/** The longest the request may take. Milliseconds. */
export const REQUEST_MS = 15_000;
/** After a request that failed or was aborted: it may still be on its way. Milliseconds. */
export const DRAIN_MS = 2_000;

export interface RevocationDesk {
  readonly client: ClientKey;
  readonly sessions: SessionStore;
  readonly locks: TabLock;
  readonly clock: Clock;
  readonly server: { revoke(refreshToken: string, signal: AbortSignal): Promise<void> };
}

/**
 * Revokes the token of a session that was signed out, forgotten, or ended by its ID token, in one request. A session that
 * stands may share the grant that the server would end with the token, and so may a login. So the lock is held until the
 * server answered, or until the request cannot be on its way any more. Revocations share the lock; a login wants it alone.
 * The promise settles with the server's response.
 * @param stop aborts the wait for the lock, and the request
 * @throws CancelledError the user has signed in again, so the token was not sent
 * @throws TimeoutError the lock, or the store, came too late, so the token was not sent
 * @throws NetworkError no response in time
 */
export function revokeEnded(
  { client, sessions, locks, clock, server }: RevocationDesk,
  user: string,
  refreshToken: string,
  stop: AbortController = new AbortController(),
): Promise<void> {
  const { signal } = stop;
  const asked = clock.mono();
  return new Promise((resolve, reject) => {
    const revoke = async () => {
      const row = await sessions.get(sessionKey(client, user));
      const why = row?.end?.why;
      if (row && why !== "signed_out" && why !== "id_token") throw signedInAgain();
      // A login that asked for the lock after this request may have stopped waiting.
      if (clock.mono() - asked > PERMIT_MS) {
        throw new TimeoutError("too late to revoke", { pending: false });
      }
      signal.throwIfAborted();
      const late = new NetworkError(`revocation endpoint: no answer in ${REQUEST_MS} ms`);
      void clock.sleep(REQUEST_MS).then(() => stop.abort(late));
      const answer = abortable(server.revoke(refreshToken, signal), signal);
      resolve(answer);
      await answer.catch(() => clock.sleep(DRAIN_MS));
    };
    locks.request(revokeLock(client), { mode: "shared", signal }, revoke).then(resolve, reject);
  });
}

export function signedInAgain(): CancelledError {
  return new CancelledError(
    "a login came before the server was told of the logout",
    "Call signOut() again if the user's session is to end.",
  );
}
