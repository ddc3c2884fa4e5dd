import { isAuthError, NetworkError } from "../../core/errors.ts";
import type { Page } from "../../core/ports.ts";
import { revokeEnded, signedInAgain, type RevocationDesk } from "./revocation.ts";
import type { UntoldLogouts } from "./untold-logouts.ts";

export interface RevocationQueueDesk extends RevocationDesk {
  readonly page: Pick<Page, "online">;
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
  desk: RevocationQueueDesk,
  sub: string,
  refreshToken: string,
): Promise<void> {
  const { revocations } = desk.untold;
  const known = revocations.get(refreshToken);
  if (known) return known.try();
  const revocation = new Revocation(desk, sub, refreshToken);
  revocations.set(refreshToken, revocation);
  const tried = revocation.try();
  void revocation.run();
  return tried;
}

/** The tries to revoke one token. */
class Revocation {
  readonly #desk: RevocationQueueDesk;
  readonly #sub: string;
  readonly #refreshToken: string;
  #waiting: Caller[] = [];
  #stop = new AbortController();
  #pause = new AbortController();
  #login: Promise<unknown> | undefined;

  constructor(desk: RevocationQueueDesk, sub: string, refreshToken: string) {
    this.#desk = desk;
    this.#sub = sub;
    this.#refreshToken = refreshToken;
  }

  /** Settles with the next try, which begins now. */
  try(): Promise<void> {
    if (!this.#desk.page.online()) return Promise.reject(offline());
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
    const { page, clock, untold } = this.#desk;
    for (let tries = 1; ; tries++) {
      while (!page.online()) await clock.sleep(LOOK_MS);
      // Another login may begin while this waits for one.
      for (let over: unknown; over !== this.#login; await over) over = this.#login;
      this.#stop = new AbortController();
      this.#pause = new AbortController();
      const sent = revokeEnded(this.#desk, this.#sub, this.#refreshToken, this.#stop);
      const [outcome] = await Promise.allSettled([sent]);
      const isLast = tries === TRIES || isFinal(outcome, this.#stop.signal);
      // Before callers know, so that their next call does not join what is over.
      if (isLast) untold.revocations.delete(this.#refreshToken);
      this.#settle(outcome);
      if (isLast) return;
      await clock.sleep(LOOK_MS * 2 ** (tries - 1), this.#pause.signal).catch(() => {});
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
