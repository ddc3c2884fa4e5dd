import type { AuthStatus } from "../core/auth-state.ts";
import { CancelledError, isAuthError } from "../core/errors.ts";
import type { PublishedState } from "../core/published-state.ts";

/** The logins of a `FakeAuth` that are in progress. */
export class LoginsInProgress {
  readonly #state: PublishedState;
  #count = 0;
  /** The state before the logins. */
  #before: AuthStatus = { status: "anonymous", reason: "none" };

  constructor(state: PublishedState) {
    this.#state = state;
  }

  /** Runs `login`. Publishes that a login is in progress, and how it has failed. `login` itself publishes its success. */
  async run<T>(login: () => Promise<T>): Promise<T> {
    this.#count += 1;
    if (this.#count === 1) this.#before = this.#state.get();
    if (this.#state.get().status !== "authenticated") this.#state.set({ status: "authenticating" });
    try {
      return await login();
    } catch (error) {
      // Another login or the test may have published another state, or another login may be in progress.
      if (this.#state.get().status === "authenticating" && this.#count === 1) this.#fail(error);
      throw error;
    } finally {
      this.#count -= 1;
    }
  }

  /** After a cancelled login, and if the session had expired, the state is the state before the login. */
  #fail(error: unknown): void {
    const isCancelled = error instanceof CancelledError;
    const isTold = isAuthError(error) && !isCancelled && this.#before.status !== "expired";
    this.#state.set(isTold ? { status: "anonymous", reason: "login_failed", error } : this.#before);
  }
}
