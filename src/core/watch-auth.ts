import type { Auth } from "./auth.ts";
import type { AuthState } from "./auth-state.ts";
import { contentOf } from "./content-of.ts";
import type { User } from "./user.ts";

/** A value that a component shows. Each framework has its own form of such a value, for example a ref or a signal. */
export interface Watched<T> {
  /** Returns the current value. Returns the same object until the value changes. */
  readonly get: () => T;
  /** Calls `listener` after changes. Returns a function that removes `listener`. */
  readonly subscribe: (listener: () => void) => () => void;
}

/** The state on a server and during hydration. React needs the same object on each render. */
export const LOADING: AuthState = { status: "loading", since: 0 };

/** Returns the state of `auth`. */
export function watchState(auth: Auth): Watched<AuthState> {
  return { get: () => auth.state, subscribe: (listener) => auth.subscribe(listener) };
}

/** Returns the logged-in user of `auth`. The user is the same object until a claim changes, also after a token refresh. */
export function watchUser(auth: Auth): Watched<User | undefined> {
  let seen: User | undefined;
  let user: User | undefined;
  return {
    get: () => {
      const { state } = auth;
      const next = state.status === "authenticated" ? state.user : undefined;
      if (next !== seen) {
        seen = next;
        if (contentOf(next) !== contentOf(user)) user = next;
      }
      return user;
    },
    subscribe: (listener) => auth.subscribe(listener),
  };
}
