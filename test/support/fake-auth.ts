import type { Auth, AuthState, GetTokenOptions, LoginOptions } from "../../src/core/auth.ts";
import { NoTokenError } from "../../src/core/errors.ts";
import type { User } from "../../src/core/user.ts";
import { observable } from "../../src/auth/session/observable.ts";

/** What an app sees of `createAuth()`, turned by a test; for pages in which no server is needed. */
export interface FakeAuth extends Auth {
  /** Publishes that `sub` is signed in with `token`. */
  signIn(sub: string, token?: Partial<FakeToken>): void;
  publish(state: AuthState): void;
  /** Of every `getToken()`. */
  readonly asked: GetTokenOptions[];
  readonly logins: LoginOptions[];
  /** How many listen now. */
  listeners: number;
  /** Answers `getToken()`: the token of who is signed in, when not replaced. */
  response: (options: GetTokenOptions) => Promise<string>;
}

export interface FakeToken {
  readonly accessToken: string;
  readonly expiresAt: number;
  readonly freshness: "fresh" | "stale";
}

export function fakeAuth(): FakeAuth {
  const state = observable<AuthState>({ status: "loading" });
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
      throw new NoTokenError("nobody is signed in");
    },
    signIn: (sub, { accessToken = `token of ${sub}`, expiresAt, freshness = "fresh" } = {}) => {
      token = accessToken;
      state.set({
        status: "authenticated",
        user: shown(sub),
        freshness,
        token: { scope: [], expiresAt: expiresAt ?? Date.now() + 300_000, origin: "this-tab" },
      });
    },
    publish: (next) => state.set(next),
    get state() {
      return state.get();
    },
    subscribe: (listener) => {
      auth.listeners += 1;
      const leave = state.subscribe(listener);
      return () => {
        auth.listeners -= 1;
        leave();
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
    handleCallback: () => Promise.reject(new Error("not in this test")),
    logout: async () => {
      state.set({ status: "anonymous" });
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
  };
  return auth;
}

function shown(sub: string): User {
  return { sub, name: sub.toUpperCase(), claims: { sub } };
}
