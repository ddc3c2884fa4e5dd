import { doublingPause } from "../../core/back-off.ts";
import type { SessionStore } from "../../core/session.ts";
import { abortable } from "../../core/abortable.ts";
import { revokeLock, sessionKey, type ClientKey } from "../../core/keys.ts";
import type { RevokedToken } from "../../core/authorization-server.ts";
import { CancelledError, NetworkError, TimeoutError, isAuthError } from "../../core/errors.ts";
import type { Clock, TabLock, Page } from "../../core/ports.ts";
import type { UntoldLogouts } from "./untold-logouts.ts";

/**
 * The longest time between the start of a revocation and the request to the server. A later request is not sent, because a
 * later request might end the session of a new login. Milliseconds.
 */
export const PERMIT_MS = 1_000;
/** The longest time that a revocation waits for the server's response. Milliseconds. */
export const REQUEST_MS = 15_000;
/**
 * The time for which a revocation keeps its lock after a failed request. The request might still reach the server.
 * Milliseconds.
 */
export const DRAIN_MS = 2_000;

/** The objects that `revokeEnded()` uses. */
export interface RevocationParts {
  readonly client: ClientKey;
  readonly sessions: SessionStore;
  readonly locks: TabLock;
  readonly clock: Clock;
  readonly server: {
    revoke(token: string, signal: AbortSignal, kind?: RevokedToken): Promise<void>;
  };
}

/**
 * Revokes a token of a session that has ended, for example after a logout. Sends one request to the server.
 *
 * When the server revokes the token, the server might also end a new session of the same user. Therefore revocations and logins
 * use a lock. A revocation holds the lock while its request is in flight. A login waits for the lock before it navigates.
 * @param stop aborts the wait for the lock and aborts the request. `revokeEnded()` then rejects with the abort reason
 * @throws CancelledError the token was not sent, because the user has logged in again
 * @throws TimeoutError the token was not sent, because the lock and the session store took longer than `PERMIT_MS`
 * @throws NetworkError no response came in time
 * @see https://www.rfc-editor.org/rfc/rfc7009#section-2
 */
export function revokeEnded(
  { client, sessions, locks, clock, server }: RevocationParts,
  user: string,
  token: string,
  stop: AbortController = new AbortController(),
  kind?: RevokedToken,
): Promise<void> {
  const { signal } = stop;
  const asked = clock.monotonic();
  return new Promise((resolve, reject) => {
    const revoke = async () => {
      const row = await sessions.get(sessionKey(client, user));
      const reason = row?.end?.reason;
      if (row && reason !== "logged_out" && reason !== "id_token") throw signedInAgain();
      // A login waits at most `PERMIT_MS` for revocations. After that time, a login might have navigated, so the token is not
      // sent.
      if (clock.monotonic() - asked > PERMIT_MS) {
        throw new TimeoutError(
          `the token was not revoked: the wait for other tabs and the session store took more than ${PERMIT_MS} ms`,
          { pending: false },
        );
      }
      signal.throwIfAborted();
      const late = new NetworkError(`revocation endpoint: no response within ${REQUEST_MS} ms`);
      void clock.sleep(REQUEST_MS).then(() => stop.abort(late));
      const response = abortable(
        kind ? server.revoke(token, signal, kind) : server.revoke(token, signal),
        signal,
      );
      resolve(response);
      await response.catch(() => clock.sleep(DRAIN_MS));
    };
    locks.request(revokeLock(client), { mode: "shared", signal }, revoke).then(resolve, reject);
  });
}

/** Returns the error for a logout at the server that was stopped because a login has started. */
export function signedInAgain(): CancelledError {
  return new CancelledError(
    "the logout at the server was stopped, because a login started",
    "If the user must be logged out at the server, too, call logout() again.",
  );
}

/** The objects that `revoke()` uses. */
export interface RevocationQueueParts extends RevocationParts {
  readonly page: Pick<Page, "lifecycle">;
  readonly untold: UntoldLogouts;
}

interface Caller {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The time between two checks whether the browser is online again. Also the pause after the first failed attempt. Milliseconds.
 */
const LOOK_MS = 1_000;
/** The largest number of attempts to revoke one token. */
const TRIES = 8;
/** The longest pause after a failed attempt. Milliseconds. */
const MAX_PAUSE_MS = 64_000;

/**
 * Revokes a token of the user `sub`. Settles with the result of the next attempt.
 * - If the attempt fails because of a temporary problem, more attempts follow in the background.
 * - If another call is already trying to revoke the same token, the next attempt starts at once.
 * - If the browser withholds the response (CORS), no more attempts follow. The server has probably revoked the token, and the
 *   browser would withhold every further response.
 * - The attempts stop when the page closes, because only this page has the token.
 *
 * Also rejects with the errors of `revokeEnded()`.
 * @throws NetworkError the browser is offline, or no response came
 * @throws CancelledError a login of this tab began, or the user has logged in again
 */
export function revoke(
  parts: RevocationQueueParts,
  sub: string,
  token: string,
  kind?: RevokedToken,
): Promise<void> {
  const { revocations, revoked, withheld } = parts.untold;
  // The token is revoked only once, because a second request might end the session of a later login.
  if (revoked.has(token)) return Promise.resolve();
  const error = withheld.get(token);
  if (error) return Promise.reject(error);
  const known = revocations.get(token);
  if (known) return known.try();
  const revocation = new Revocation(parts, sub, token, kind);
  revocations.set(token, revocation);
  const tried = revocation.try();
  void revocation.run();
  return tried;
}

/** The attempts to revoke one token. */
class Revocation {
  readonly #parts: RevocationQueueParts;
  readonly #sub: string;
  readonly #token: string;
  readonly #kind: RevokedToken | undefined;
  #waiting: Caller[] = [];
  #stop = new AbortController();
  #pause = new AbortController();
  #login: Promise<unknown> | undefined;

  constructor(parts: RevocationQueueParts, sub: string, token: string, kind?: RevokedToken) {
    this.#parts = parts;
    this.#sub = sub;
    this.#token = token;
    this.#kind = kind;
  }

  /**
   * If the browser is offline, rejects at once. Otherwise starts the next attempt without a pause and settles with the result
   * of that attempt.
   */
  try(): Promise<void> {
    if (!this.#parts.page.lifecycle.online()) return Promise.reject(offline());
    this.#pause.abort();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  giveWay(login: Promise<unknown>): void {
    this.#login = Promise.allSettled([this.#login, login]);
    const reason = signedInAgain();
    this.#stop.abort(reason);
    // The callers get the error now, before the login has settled.
    this.#settle({ status: "rejected", reason });
  }

  async run(): Promise<void> {
    const { page, clock, untold } = this.#parts;
    for (let sends = 1; ; sends++) {
      while (!page.lifecycle.online()) await clock.sleep(LOOK_MS);
      // This loop waits until no login is in progress. A second login might begin while the loop waits for the first login.
      for (let over: unknown; over !== this.#login; await over) over = this.#login;
      this.#stop = new AbortController();
      this.#pause = new AbortController();
      const sent = revokeEnded(this.#parts, this.#sub, this.#token, this.#stop, this.#kind);
      const [outcome] = await Promise.allSettled([sent]);
      const isLast = sends === TRIES || isFinal(outcome, this.#stop.signal);
      // The finished revocation is removed before the callers get the result. Otherwise a new call would join the finished
      // revocation.
      if (isLast) untold.revocations.delete(this.#token);
      if (outcome.status === "fulfilled") untold.revoked.add(this.#token);
      else if (isWithheld(outcome.reason)) untold.withheld.set(this.#token, outcome.reason);
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
  if (aborted || !isAuthError(outcome.reason)) return false;
  return !outcome.reason.retryable || isWithheld(outcome.reason);
}

function isWithheld(error: unknown): error is NetworkError {
  return error instanceof NetworkError && error.isWithheld;
}

/** Returns the error for a logout while the browser is offline. The server is not told of such a logout. */
export function offline(): NetworkError {
  return new NetworkError(
    "the server was not told of the logout, because the browser is offline",
    undefined,
    "Call logout() again when the browser is online.",
  );
}
