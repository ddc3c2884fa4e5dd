import type { AuthState, AuthStatus } from "./auth-state.ts";
import { contentOf } from "./content-of.ts";
import type { Clock } from "./ports.ts";
import type { User } from "./user.ts";

/** A function that is called with the previous user and the next user of this tab. */
export type UserListener = (previous: User | undefined, next: User | undefined) => void;

/** The state of an `Auth`, with its listeners. */
export class PublishedState {
  readonly #clock: Pick<Clock, "now">;
  readonly #listeners = new Set<() => void>();
  readonly #userListeners = new Set<UserListener>();
  #current: AuthState;
  #user: User | undefined;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
    this.#current = { status: "loading", since: clock.now() };
  }

  /** Returns the current state. While the content does not change, every call returns the same object. */
  get(): AuthState {
    return this.#current;
  }

  /** Replaces the state and calls the listeners. Does nothing if the content is the same. */
  set(next: AuthStatus): void {
    const { since: _, ...current } = this.#current;
    if (contentOf(next) === contentOf(current)) return;
    this.#tellUser(next);
    this.#current = { ...next, since: this.#clock.now() };
    for (const listener of [...this.#listeners]) tell(listener);
  }

  /** Calls `listener` after each change. Returns a function that removes `listener`. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Calls `listener` before a state with another user is published. Returns a function that removes `listener`. */
  onUserChange(listener: UserListener): () => void {
    this.#userListeners.add(listener);
    return () => {
      this.#userListeners.delete(listener);
    };
  }

  /** A login does not change the user until the login has succeeded. */
  #tellUser(next: AuthStatus): void {
    if (next.status === "authenticating") return;
    const user = "user" in next ? next.user : undefined;
    const previous = this.#user;
    this.#user = user;
    if (user?.sub === previous?.sub) return;
    for (const listener of [...this.#userListeners]) tell(() => listener(previous, user));
  }
}

/**
 * Calls a listener. If the listener throws, the browser reports an uncaught error, and `set()` still calls the other listeners.
 */
function tell(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
