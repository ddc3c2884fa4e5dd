import type { RememberedUser } from "../core/login-prompt.ts";
import { lastUsedFirst, profileOf } from "../core/remembered-profile.ts";
import type { User } from "../core/user.ts";
import type { FakeToken } from "./fake-auth-config.ts";

/** A user of a `FakeAuth`. */
export interface KnownUser {
  readonly user: User;
  /** The token that `setUser()` has given this user. */
  readonly token?: FakeToken | undefined;
  /** Milliseconds since the epoch. */
  readonly lastUsedAt: number;
  /** True if the session of this user has expired. */
  readonly needsLogin: boolean;
}

/** The users who have signed in at a `FakeAuth`, and the listeners that are called when a user is removed. */
export class KnownUsers {
  readonly #users = new Map<string, KnownUser>();
  readonly #listeners = new Set<(sub: string) => unknown>();
  #current: string | undefined;

  /** The user who signed in last, also after the session has expired. */
  get current(): User | undefined {
    return this.get(this.#current)?.user;
  }

  get(sub: string | undefined): KnownUser | undefined {
    return sub === undefined ? undefined : this.#users.get(sub);
  }

  /** Returns the user whose `sub` or email is `hint`. */
  find(hint: string | undefined): User | undefined {
    if (hint === undefined) return undefined;
    const known = [...this.#users.values()].map(({ user }) => user);
    return known.find(({ sub, email }) => sub === hint || email === hint);
  }

  /** Makes `user` the current user. A known user keeps the token. */
  add({ user, ...more }: Omit<KnownUser, "token">): void {
    this.#current = user.sub;
    this.#users.set(user.sub, { user, token: this.get(user.sub)?.token, ...more });
  }

  /** Sets the token of a known user. Undefined: the token of all users. */
  setToken(sub: string, token: FakeToken | undefined): void {
    const known = this.get(sub);
    if (known) this.#users.set(sub, { ...known, token });
  }

  list(): readonly RememberedUser[] {
    const all = [...this.#users.values()].map(({ user, lastUsedAt, needsLogin }) => ({
      sub: user.sub,
      ...profileOf(user, lastUsedAt),
      needsLogin,
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
