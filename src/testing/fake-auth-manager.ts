import { abortable } from "../core/abortable.ts";
import { asyncDispose } from "../core/async-dispose.ts";
import type { Auth } from "../core/auth.ts";
import type { GetTokenOptions } from "../core/auth-options.ts";
import type { AuthState, AuthStatus } from "../core/auth-state.ts";
import { NoTokenError, RefreshTokenError } from "../core/errors.ts";
import { wallClock } from "../core/ports.ts";
import { PublishedState } from "../core/published-state.ts";
import { isExpiring } from "../core/token-lifetime.ts";
import type { User } from "../core/user.ts";
import { checkLogin } from "./check-login.ts";
import {
  ADA,
  checkFakeAuth,
  checkState,
  LIFETIME_MS,
  readToken,
  readUser,
  statusOf,
  type FakeAuthCalls,
  type FakeAuthConfig,
  type FakeToken,
  type LoginFunction,
  type TestUser,
  type TokenFunction,
} from "./fake-auth-config.ts";
import { sendWithToken } from "./fake-fetch.ts";
import { KnownUsers } from "./known-users.ts";
import { LoginsInProgress } from "./logins-in-progress.ts";

/** In this last part of its lifetime, a token is refreshed. Milliseconds. */
const LEAD_MS = 30_000;

/** The implementation of `fakeAuth()`. */
export class FakeAuthManager implements Auth {
  declare readonly [Symbol.asyncDispose]: Auth[typeof Symbol.asyncDispose];
  readonly calls: FakeAuthCalls = {
    getToken: [],
    login: [],
    logout: [],
    logoutAll: [],
    forget: [],
    switchUser: [],
    fetch: [],
  };
  readonly #state = new PublishedState(wallClock);
  readonly #users = new KnownUsers();
  readonly #logins = new LoginsInProgress(this.#state);
  #listeners = 0;
  /** The token of each user without a token of their own. */
  #token: FakeToken = {};
  #tokenFunction: TokenFunction | undefined;
  #login: LoginFunction;

  constructor(config: FakeAuthConfig) {
    checkFakeAuth(config);
    const { user, token, state = user === undefined ? "anonymous" : "authenticated" } = config;
    this.#login = ({ loginHint }) =>
      (this.#users.find(loginHint)?.claims as TestUser | undefined) ?? user ?? ADA;
    if (token !== undefined) this.setToken(token);
    this.#publish(state, readUser(user ?? ADA));
    Object.assign(this, { [asyncDispose]: async () => this.dispose() });
  }

  get listeners(): number {
    return this.#listeners;
  }

  setState(state: AuthStatus | AuthStatus["status"]): void {
    checkState(state);
    this.#publish(state, this.#users.current ?? readUser(ADA));
  }

  setUser(user: TestUser | string, token: FakeToken | string = {}): void {
    this.#publish("authenticated", readUser(user), readToken(token));
  }

  setToken(token: FakeToken | TokenFunction | string): void {
    this.#tokenFunction = typeof token === "function" ? token : undefined;
    if (typeof token === "function") return;
    this.#token = readToken(token);
    const { current } = this.#users;
    if (current) this.#users.setToken(current.sub, undefined);
  }

  setLogin(login: LoginFunction): void {
    this.#login = login;
  }

  get state(): AuthState {
    return this.#state.get();
  }

  readonly getToken: Auth["getToken"] = async (options = {}) => {
    this.calls.getToken.push(options);
    options.signal?.throwIfAborted();
    const given = (this.#tokenFunction ?? ((asked) => this.#tokenFor(asked)))(options);
    const token = await abortable(Promise.resolve(given), options.signal);
    this.#refresh(options.user);
    return token;
  };

  readonly login: Auth["login"] = async (options = {}) => {
    this.calls.login.push(options);
    this.#assertAvailable();
    return this.#logins.run(async () => {
      checkLogin(options);
      const login = Promise.resolve(options).then(this.#login);
      const user = readUser(await abortable(login, options.signal));
      this.#publish("authenticated", user);
      return user;
    });
  };

  readonly logout: Auth["logout"] = async (options = {}) => {
    this.calls.logout.push(options);
    this.#assertAvailable();
    const { user = this.#users.current?.sub } = options;
    if (user !== undefined) await this.#remove(user, "logged_out");
    return { server: "told" };
  };

  readonly logoutAll: Auth["logoutAll"] = async (options = {}) => {
    this.calls.logoutAll.push(options);
    this.#assertAvailable();
    for (const { sub } of this.#users.list()) await this.#remove(sub, "logged_out");
    return { server: "told" };
  };

  readonly forget: Auth["forget"] = async (sub) => {
    this.calls.forget.push(sub);
    this.#assertAvailable();
    await this.#remove(sub, "forgotten");
    return { server: "told" };
  };

  readonly switchUser: Auth["switchUser"] = async (sub) => {
    this.calls.switchUser.push(sub);
    this.#assertAvailable();
    const known = this.#users.get(sub);
    if (!known) throw new NoTokenError("no session of this user is stored on this device");
    if (known.needsLogin) return this.#publish("expired", known.user);
    const state = statusOf("authenticated", known.user, this.#tokenOf(sub), wallClock.now());
    this.#publish({ ...state, reason: "switched" } as AuthStatus, known.user);
  };

  readonly fetch: Auth["fetch"] = async (input, init) => {
    return sendWithToken(input, init, this.getToken, (sent) => this.calls.fetch.push(sent));
  };

  readonly users: Auth["users"] = async () => this.#users.list();
  readonly getUser: Auth["getUser"] = async () => {
    while (this.state.status === "loading") await this.#nextState(undefined);
    this.#assertAvailable();
    return this.#signedIn();
  };
  readonly getIdToken: Auth["getIdToken"] = async () => {
    const user = await this.getUser();
    return user && this.#tokenOf(user.sub).idToken;
  };
  readonly handleCallback: Auth["handleCallback"] = async () => undefined;
  readonly onUserChange: Auth["onUserChange"] = (listener) => this.#state.onUserChange(listener);
  readonly onUserRemoved: Auth["onUserRemoved"] = (listener) => this.#users.onRemoved(listener);
  readonly subscribe: Auth["subscribe"] = (listener) => {
    const unsubscribe = this.#state.subscribe(listener);
    let isCounted = true;
    this.#listeners += 1;
    return () => {
      if (isCounted) this.#listeners -= 1;
      isCounted = false;
      unsubscribe();
    };
  };
  readonly start: Auth["start"] = () => {};
  readonly dispose: Auth["dispose"] = () => {};

  #signedIn(): User | undefined {
    return this.state.status === "authenticated" ? this.state.user : undefined;
  }

  #assertAvailable(): void {
    if (this.state.status === "unavailable") throw this.state.error;
  }

  /** Waits until the state is known, and returns the token or throws the error of `getToken()`. */
  async #tokenFor({ user, prompt, signal }: GetTokenOptions): Promise<string> {
    const isOpen = () =>
      this.state.status === "loading" ||
      (this.state.status === "authenticating" && prompt !== "none");
    while (isOpen()) await this.#nextState(signal);
    const { state } = this;
    this.#assertAvailable();
    const isExpired = state.status === "expired";
    if (isExpired && (user === undefined || user === this.#users.current?.sub))
      throw state.error ?? new RefreshTokenError(state.reason);
    const sub = user ?? this.#signedIn()?.sub;
    const known = this.#users.get(sub);
    if (sub === undefined || !known) throw new NoTokenError("a login is needed");
    if (known.needsLogin) throw new RefreshTokenError("session_ended");
    return this.#tokenOf(sub).accessToken ?? `token of ${sub}`;
  }

  /** Publishes a newer token of `user` if the token of the state has expired, or soon expires. Default: this tab's user. */
  #refresh(user = this.#signedIn()?.sub): void {
    const { since, ...state } = this.state;
    if (state.status !== "authenticated" || state.user.sub !== user) return;
    const { expiresAt, isRenewable } = state.token;
    const now = wallClock.now();
    const lifetimeMs = expiresAt - since;
    if (!isRenewable || !isExpiring({ expiresAt, lifetimeMs }, now, LEAD_MS)) return;
    const token = { ...state.token, expiresAt: now + LIFETIME_MS };
    this.#state.set({ ...state, reason: "refreshed", freshness: "fresh", token });
  }

  #tokenOf(sub: string): FakeToken {
    return this.#users.get(sub)?.token ?? this.#token;
  }

  #nextState(signal: AbortSignal | undefined): Promise<void> {
    let forget: (() => void) | undefined;
    const next = new Promise<void>((resolve) => {
      forget = this.#state.subscribe(resolve);
    });
    return abortable(next, signal).finally(() => forget?.());
  }

  /** Publishes a state. `token`: a new token of the state's user. */
  #publish(state: AuthStatus | AuthStatus["status"], user: User, token?: FakeToken): void {
    const now = wallClock.now();
    const known = token ?? this.#tokenOf(user.sub);
    const next = typeof state === "string" ? statusOf(state, user, known, now) : state;
    const needsLogin = next.status === "expired";
    const owner = "user" in next ? next.user : needsLogin ? this.#users.current : undefined;
    if (owner) {
      this.#users.add({ user: owner, lastUsedAt: now, needsLogin });
      if (token) this.#users.setToken(owner.sub, token);
    }
    this.#state.set(next);
  }

  async #remove(sub: string, reason: "logged_out" | "forgotten"): Promise<void> {
    const isCurrent = this.#users.current?.sub === sub;
    const told = this.#users.remove(sub);
    if (isCurrent) this.#state.set({ status: "anonymous", reason });
    await told;
  }
}
