import type { RememberedUser } from "../core/login-prompt.ts";
import { lastUsedFirst, profileOf } from "../core/remembered-profile.ts";
import type { User } from "../core/user.ts";

interface KnownUser {
  readonly user: User;
  /** Milliseconds since the epoch. */
  readonly lastUsedAt: number;
}

/** The users who have signed in at a `FakeAuth`, and the listeners that are called when a user is removed. */
export class KnownUsers {
  readonly #users = new Map<string, KnownUser>();
  readonly #listeners = new Set<(sub: string) => unknown>();
  #current: string | undefined;

  /** The user who signed in last, also after the session has expired. */
  get current(): User | undefined {
    return this.get(this.#current);
  }

  get(sub: string | undefined): User | undefined {
    return sub === undefined ? undefined : this.#users.get(sub)?.user;
  }

  /** Returns the user whose `sub` or email is `hint`. */
  find(hint: string | undefined): User | undefined {
    if (hint === undefined) return undefined;
    const known = [...this.#users.values()].map(({ user }) => user);
    return known.find(({ sub, email }) => sub === hint || email === hint);
  }

  /** `lastUsedAt`: milliseconds since the epoch. */
  add(user: User, lastUsedAt: number): void {
    this.#current = user.sub;
    this.#users.set(user.sub, { user, lastUsedAt });
  }

  list(): readonly RememberedUser[] {
    const all = [...this.#users.values()].map(({ user, lastUsedAt }) => ({
      sub: user.sub,
      ...profileOf(user, lastUsedAt),
      needsLogin: false,
    }));
    return lastUsedFirst(all);
  }

  onRemoved(listener: (sub: string) => unknown): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Removes a user, and waits for the listeners. An error of a listener is ignored, as `createAuth()` ignores it. */
  async remove(sub: string): Promise<void> {
    this.#users.delete(sub);
    if (this.#current === sub) this.#current = undefined;
    const told = [...this.#listeners].map(async (listener) => listener(sub));
    await Promise.allSettled(told);
  }
}
