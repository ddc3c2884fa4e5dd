import type { Auth } from "../../src/core/auth.ts";
import type { GetTokenOptions, LoginOptions } from "../../src/core/auth-options.ts";
import type { AuthStatus } from "../../src/core/auth-state.ts";
import { NoTokenError } from "../../src/core/errors.ts";
import type { User } from "../../src/core/user.ts";
import { PublishedState } from "../../src/core/published-state.ts";

/** An `Auth` that a test controls, for pages that need no server. */
export interface FakeAuth extends Auth {
  /** Publishes that `sub` is logged in with `token`. */
  signIn(sub: string, token?: Partial<FakeToken>): void;
  publish(state: AuthStatus): void;
  /** The options of every `getToken()` call. */
  readonly asked: GetTokenOptions[];
  /** The options of every `login()` call. */
  readonly logins: LoginOptions[];
  /** The number of current listeners. */
  listeners: number;
  /** Implements `getToken()`. Default: returns the token of the user who is logged in. */
  response: (options: GetTokenOptions) => Promise<string>;
}

/** The token of a fake login. `expiresAt`: milliseconds since the epoch. */
export interface FakeToken {
  readonly accessToken: string;
  readonly expiresAt: number;
  readonly freshness: "fresh" | "stale";
}

/** Creates an `Auth` in the state `loading`. */
export function fakeAuth(): FakeAuth {
  const state = new PublishedState({ now: () => Date.now() });
  let token: string | undefined;
  const user = () => {
    const current = state.get();
    return current.status === "authenticated" ? current.user : undefined;
  };
  const auth: FakeAuth = {
    asked: [],
    logins: [],
    listeners: 0,
    response: async () => {
      if (user() && token !== undefined) return token;
      throw new NoTokenError("no user is logged in");
    },
    signIn: (sub, { accessToken = `token of ${sub}`, expiresAt, freshness = "fresh" } = {}) => {
      token = accessToken;
      state.set({
        status: "authenticated",
        reason: "login",
        user: shown(sub),
        freshness,
        token: {
          scope: [],
          expiresAt: expiresAt ?? Date.now() + 300_000,
          origin: "this-tab",
          isRenewable: true,
        },
      });
    },
    publish: (next) => state.set(next),
    get state() {
      return state.get();
    },
    subscribe: (listener) => {
      auth.listeners += 1;
      const unsubscribe = state.subscribe(listener);
      return () => {
        auth.listeners -= 1;
        unsubscribe();
      };
    },
    getToken: (options = {}) => {
      auth.asked.push(options);
      return auth.response(options);
    },
    login: (options = {}) => {
      auth.logins.push(options);
      return new Promise(() => {});
    },
    getUser: async () => user(),
    getIdToken: async () => undefined,
    onUserChange: (listener) => state.onUserChange(listener),
    handleCallback: () => Promise.reject(new Error("not in this test")),
    logout: async () => {
      state.set({ status: "anonymous", reason: "logged_out" });
      return { server: "told" };
    },
    logoutAll: () => auth.logout(),
    users: async () => [],
    onUserRemoved: () => () => {},
    switchUser: async (sub) => auth.signIn(sub),
    forget: () => Promise.reject(new Error("not in this test")),
    fetch: () => Promise.reject(new Error("not in this test")),
    start: () => {},
    dispose: () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  return auth;
}

function shown(sub: string): User {
  return { sub, name: sub.toUpperCase(), claims: { sub } };
}
