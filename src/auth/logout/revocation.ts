import { doublingPause } from "../../core/back-off.ts";
import type { SessionStore } from "../../core/session.ts";
import { abortable } from "../../core/abortable.ts";
import { revokeLock, sessionKey, type ClientKey } from "../../core/keys.ts";
import { CancelledError, NetworkError, TimeoutError, isAuthError } from "../../core/errors.ts";
import type { Clock, TabLock, Page } from "../../core/ports.ts";
import type { UntoldLogouts } from "./untold-logouts.ts";

/** The longest time between the lock request and the send: a login waits no longer for a revocation. Milliseconds. */
export const PERMIT_MS = 1_000;
/** The longest time of the request. Milliseconds. */
export const REQUEST_MS = 15_000;
/** How long the lock is held after a request failed or was aborted, because it may still be in flight. Milliseconds. */
export const DRAIN_MS = 2_000;

/** The parts that revoke a refresh token. */
export interface RevocationParts {
  readonly client: ClientKey;
  readonly sessions: SessionStore;
  readonly locks: TabLock;
  readonly clock: Clock;
  readonly server: { revoke(refreshToken: string, signal: AbortSignal): Promise<void> };
}

/**
 * Revokes the refresh token of a session that was logged out, was forgotten, or ended by its ID token. Sends one request and
 * settles with the server's response.
 *
 * The server may end the whole grant with the token, and another session or a new login may share that grant. The lock is
 * therefore held until the server has responded, or until the request cannot be in flight any more. Revocations share the lock;
 * a login requests it exclusively.
 * @param stop aborts the wait for the lock, and the request
 * @throws CancelledError the user has logged in again; the token was not sent
 * @throws TimeoutError the lock was granted, or the store was read, too late; the token was not sent
 * @throws NetworkError no response came in time
 * @see https://www.rfc-editor.org/rfc/rfc7009#section-2
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
      // A login that requested the lock after this call may have stopped waiting.
      if (clock.monotonic() - asked > PERMIT_MS) {
        throw new TimeoutError(
          `the refresh token was not revoked, because lock and store took longer than ${PERMIT_MS} ms`,
          { pending: false },
        );
      }
      signal.throwIfAborted();
      const late = new NetworkError(`revocation endpoint: no response within ${REQUEST_MS} ms`);
      void clock.sleep(REQUEST_MS).then(() => stop.abort(late));
      const response = abortable(server.revoke(refreshToken, signal), signal);
      resolve(response);
      await response.catch(() => clock.sleep(DRAIN_MS));
    };
    locks.request(revokeLock(client), { mode: "shared", signal }, revoke).then(resolve, reject);
  });
}

/** The error when a login starts before the server is told of a logout. */
export function signedInAgain(): CancelledError {
  return new CancelledError(
    "a login started before the server was told of the logout",
    "Call logout() again if the user must be logged out at the server, too.",
  );
}

/** The parts that revoke a refresh token in several attempts. */
export interface RevocationQueueParts extends RevocationParts {
  readonly page: Pick<Page, "lifecycle">;
  readonly untold: UntoldLogouts;
}

interface Caller {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The time between two checks for the network, and the first pause after a failed attempt. Milliseconds. */
const LOOK_MS = 1_000;
/** The largest number of attempts. */
const TRIES = 8;
/** The longest pause after a failed attempt. Milliseconds. */
const MAX_PAUSE_MS = 64_000;

/**
 * Revokes a refresh token of `sub`. Settles with the next attempt. After a failure more attempts follow in the background. A
 * second call for the same token joins the first one and ends its pause. Only the memory of this page has the token, so the
 * attempts end with the page. Rejects as `revokeEnded()` does, too.
 * @throws NetworkError the browser is offline, or no response came
 * @throws CancelledError a login of this tab began, or the user has logged in again
 */
export function revoke(
  parts: RevocationQueueParts,
  sub: string,
  refreshToken: string,
): Promise<void> {
  const { revocations, revoked } = parts.untold;
  // Two parts of the page may find out that a session has ended. A second request could end the grant of a login that began
  // after the first one.
  if (revoked.has(refreshToken)) return Promise.resolve();
  const known = revocations.get(refreshToken);
  if (known) return known.try();
  const revocation = new Revocation(parts, sub, refreshToken);
  revocations.set(refreshToken, revocation);
  const tried = revocation.try();
  void revocation.run();
  return tried;
}

/** The attempts to revoke one token. */
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

  /** Begins the next attempt now, and settles with it. */
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
      // Deleted before the callers continue, so that their next call does not join this finished revocation.
      if (isLast) untold.revocations.delete(this.#refreshToken);
      if (outcome.status === "fulfilled") untold.revoked.add(this.#refreshToken);
      this.#settle(outcome);
      if (isLast) return;
      await clock
        .sleep(doublingPause(LOOK_MS, sends, MAX_PAUSE_MS), this.#pause.signal)
        .catch(() => {});
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

/** The error of a logout that the server was not told of, because the browser is offline. */
export function offline(): NetworkError {
  return new NetworkError(
    "the server was not told of the logout: the browser is offline",
    undefined,
    "Call logout() again when the network is back.",
  );
}
