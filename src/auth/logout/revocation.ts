import type { SessionStore } from "../../core/session.ts";
import { abortable } from "../../core/abortable.ts";
import type { TokenRequest } from "../../core/grant.ts";
import { revokeLock, sessionKey, type ClientKey } from "../../core/keys.ts";
import { CancelledError, NetworkError, TimeoutError, isAuthError } from "../../core/errors.ts";
import type { Clock, TabLock, Page } from "../../core/ports.ts";
import type { UntoldLogouts } from "./untold-logouts.ts";

/** From the request for the lock to the request to the server: no longer than a login waits. Milliseconds. */
export const PERMIT_MS = 1_000;
/** The longest the request may take. Milliseconds. */
export const REQUEST_MS = 15_000;
/** After a request that failed or was aborted: it may still be on its way. Milliseconds. */
export const DRAIN_MS = 2_000;

export interface RevocationParts {
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
  { client, sessions, locks, clock, server }: RevocationParts,
  user: string,
  refreshToken: string,
  stop: AbortController = new AbortController(),
): Promise<void> {
  const { signal } = stop;
  const asked = clock.monotonic();
  return new Promise((resolve, reject) => {
    const revoke = async () => {
      const row = await sessions.get(sessionKey(client, user));
      const reason = row?.end?.reason;
      if (row && reason !== "logged_out" && reason !== "id_token") throw signedInAgain();
      // A login that asked for the lock after this request may have stopped waiting.
      if (clock.monotonic() - asked > PERMIT_MS) {
        throw new TimeoutError("too late to revoke", { pending: false });
      }
      signal.throwIfAborted();
      const late = new NetworkError(`revocation endpoint: no answer in ${REQUEST_MS} ms`);
      void clock.sleep(REQUEST_MS).then(() => stop.abort(late));
      const response = abortable(server.revoke(refreshToken, signal), signal);
      resolve(response);
      await response.catch(() => clock.sleep(DRAIN_MS));
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

export interface RevocationQueueParts extends RevocationParts {
  readonly page: Pick<Page, "lifecycle">;
  readonly untold: UntoldLogouts;
}

interface Caller {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const LOOK_MS = 1_000;
const TRIES = 8;

/**
 * Revokes a refresh token of `sub`. Settles with the next try, and goes on trying after that one failed. A second call for the
 * same token joins the first one and ends its pause. The token is in the memory of this page and nowhere else, so the tries
 * end with the page.
 * @throws NetworkError the browser is offline, or there was no response
 * @throws CancelledError a login of this tab began, or the user signed in again. See `revokeEnded()` for the other errors
 */
export function revoke(
  parts: RevocationQueueParts,
  sub: string,
  refreshToken: string,
): Promise<void> {
  const { revocations, revoked } = parts.untold;
  // Two parts of the page may find out that a session ended. The second request could meet a login that began since.
  if (revoked.has(refreshToken)) return Promise.resolve();
  const known = revocations.get(refreshToken);
  if (known) return known.try();
  const revocation = new Revocation(parts, sub, refreshToken);
  revocations.set(refreshToken, revocation);
  const tried = revocation.try();
  void revocation.run();
  return tried;
}

/** The tries to revoke one token. */
class Revocation {
  readonly #parts: RevocationQueueParts;
  readonly #sub: string;
  readonly #refreshToken: string;
  #waiting: Caller[] = [];
  #stop = new AbortController();
  #pause = new AbortController();
  #login: Promise<unknown> | undefined;

  constructor(parts: RevocationQueueParts, sub: string, refreshToken: string) {
    this.#parts = parts;
    this.#sub = sub;
    this.#refreshToken = refreshToken;
  }

  /** Settles with the next try, which begins now. */
  try(): Promise<void> {
    if (!this.#parts.page.lifecycle.online()) return Promise.reject(offline());
    this.#pause.abort();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  giveWay(login: Promise<unknown>): void {
    this.#login = Promise.allSettled([this.#login, login]);
    const reason = signedInAgain();
    this.#stop.abort(reason);
    // Callers do not wait for a login.
    this.#settle({ status: "rejected", reason });
  }

  async run(): Promise<void> {
    const { page, clock, untold } = this.#parts;
    for (let sends = 1; ; sends++) {
      while (!page.lifecycle.online()) await clock.sleep(LOOK_MS);
      // Another login may begin while this waits for one.
      for (let over: unknown; over !== this.#login; await over) over = this.#login;
      this.#stop = new AbortController();
      this.#pause = new AbortController();
      const sent = revokeEnded(this.#parts, this.#sub, this.#refreshToken, this.#stop);
      const [outcome] = await Promise.allSettled([sent]);
      const isLast = sends === TRIES || isFinal(outcome, this.#stop.signal);
      // Before callers know, so that their next call does not join what is over.
      if (isLast) untold.revocations.delete(this.#refreshToken);
      if (outcome.status === "fulfilled") untold.revoked.add(this.#refreshToken);
      this.#settle(outcome);
      if (isLast) return;
      await clock.sleep(LOOK_MS * 2 ** (sends - 1), this.#pause.signal).catch(() => {});
    }
  }

  #settle(outcome: PromiseSettledResult<void>): void {
    const callers = this.#waiting;
    this.#waiting = [];
    for (const { resolve, reject } of callers) {
      if (outcome.status === "fulfilled") resolve();
      else reject(outcome.reason);
    }
  }
}

function isFinal(outcome: PromiseSettledResult<void>, { aborted }: AbortSignal): boolean {
  if (outcome.status === "fulfilled") return true;
  return !aborted && isAuthError(outcome.reason) && !outcome.reason.retryable;
}

export function offline(): NetworkError {
  return new NetworkError(
    "the server was not told of the logout: the browser is offline",
    undefined,
    "Call signOut() again when the network is back.",
  );
}
