import { abortable } from "../core/abortable.ts";
import type { Auth, AuthState, GetTokenOptions, LogoutOptions } from "../core/auth.ts";
import type { NetworkError } from "../core/errors.ts";
import { chunk } from "../core/lazy.ts";
import type { TabMessage } from "../core/message.ts";
import type { Refresher } from "../core/refresher.ts";
import type { UserAgent } from "../core/user-agent.ts";
import { DEFAULT_TARGET, targetKey } from "../core/token-target.ts";
import { ActiveSession, type ActiveSessionConfig } from "./session/active-session.ts";
import { authorizedFetch } from "../fetch/create-fetch.ts";
import { localLogoutUntold } from "./logout/local-logout.ts";
import { LazyLogins } from "./login/lazy-logins.ts";
import type { LoginsConfig } from "./login/logins.ts";
import type { ForgottenError } from "./session/not-forgotten.ts";
import { ignore, needsUser, SilentTokens } from "./silent-tokens.ts";
import { createUserRemoval, type UserRemoval } from "./users/user-removal.ts";
import { isCallback, logoutStateOf } from "./login/response-url.ts";
import type { UsersParts } from "./parts.ts";
import type * as ServerLogout from "./logout/server-logout.ts";
import type { RefusedTokens, GetToken } from "../fetch/refused-tokens.ts";

/** What a manager is composed of; `createAuth()` shows how. */
export interface AuthManagerConfig
  extends ActiveSessionConfig, LoginsConfig, ServerLogout.ServerLogoutConfig {
  /** The way `login()` goes when none is given. */
  readonly userAgent: UserAgent;
  readonly refresher: Pick<Refresher, "prepare" | "validate">;
  /** What replaces tokens that an API refused, the same at each call. Without it `fetch` gives a 401 to its caller. */
  readonly loadRefusedTokens?: () => Promise<RefusedTokens>;
}

/**
 * Reads, asks the grant and publishes state; it does not refresh. Does nothing until `start()` or the first call.
 * Its members keep their object when they are handed around.
 */
export class AuthManager implements Auth {
  readonly #config: AuthManagerConfig;
  readonly #session: ActiveSession;
  readonly #logins: LazyLogins;
  #opened: Promise<void> | undefined;
  readonly #silentTokens: SilentTokens;
  readonly #userRemoval: UserRemoval;
  #switched: Promise<void> = Promise.resolve();
  #unlisten: (() => void) | undefined;

  constructor(config: AuthManagerConfig) {
    this.#config = config;
    this.#session = new ActiveSession(config);
    this.#logins = new LazyLogins(config, this.#session);
    this.#silentTokens = new SilentTokens(config, this.#session, this.#logins);
    this.#userRemoval = createUserRemoval(config);
  }

  // Not an async function: with a good token at hand this is a comparison and nothing else.
  readonly getToken: Auth["getToken"] = (options) =>
    (options === undefined ? this.#session.goodToken() : undefined) ??
    this.#findToken(options ?? {});

  readonly fetch: Auth["fetch"] = async (input, init) => {
    this.#assertSupported();
    await this.#open();
    // One person's from the first to the last try, whoever the tab is for by then.
    const user = this.#session.sub;
    const getToken: GetToken = (options) =>
      this.getToken({ ...options, ...(user !== undefined && { user }) });
    return authorizedFetch(
      getToken,
      this.#config.page.href(),
      this.#config.loadRefusedTokens,
    )(input, init);
  };

  readonly onUserRemoved: Auth["onUserRemoved"] = (listener) => this.#userRemoval.listen(listener);

  readonly subscribe: Auth["subscribe"] = (listener) => this.#session.state.subscribe(listener);

  get state(): AuthState {
    return this.#session.state.get();
  }

  readonly start: Auth["start"] = () => {
    const { page, channel, client, clock, redirectUri, postLogoutRedirectUri } = this.#config;
    if (this.#unlisten || page.unsupported()) return;
    const undo = [
      channel.listen((message) => void this.#onMessage(message)),
      page.onActivation(() => (this.#logins.activatedAt = clock.now())),
      page.lifecycle.onEvent((event) => {
        // The page may have been frozen, and messages of other tabs may be lost.
        const isBack = event === "pageshow" || event === "resume" || event === "visible";
        if (isBack && page.lifecycle.visible())
          void this.#session.load("stored").catch(this.#onUnread);
      }),
    ];
    this.#unlisten = () => undo.forEach((end) => end());
    const here = page.href();
    if (isCallback(here, redirectUri(), client)) {
      this.#opened = this.handleCallback().then(ignore, ignore);
    } else {
      this.#opened = this.#open();
      this.#logins.tell((logins) => logins.cameBack(here));
    }
    this.#opened.catch(ignore);
    const logout = logoutStateOf(here, postLogoutRedirectUri());
    if (logout) {
      loadServerLogout()
        .then(({ takeLogout }) => takeLogout(logout, this.#config))
        .catch(ignore);
    }
  };

  readonly dispose: Auth["dispose"] = () => {
    this.#unlisten?.();
    this.#unlisten = undefined;
    this.#opened = undefined;
  };

  readonly login: Auth["login"] = (options = {}) => {
    try {
      this.#assertSupported();
      // Before the first await: a window may be opened in a click only.
      const { userAgent = this.#config.userAgent, ...request } = options;
      return this.#logins.startLogin(userAgent.open(), request);
    } catch (error) {
      return Promise.reject(error);
    }
  };

  readonly handleCallback: Auth["handleCallback"] = async (url) => {
    this.#assertSupported();
    return this.#logins.handle(url);
  };

  readonly getUser: Auth["getUser"] = async () => {
    this.#assertSupported();
    await this.#open();
    return this.#session.user;
  };

  readonly logout: Auth["logout"] = async (options) => {
    this.#assertSupported();
    if (!options?.user) await this.#open();
    const { sub } = this.#session;
    const user = options?.user ?? sub;
    if (user === undefined) return { server: "told" };
    // First: whoever asks for a token from now on must not sign in again.
    this.#logins.loggedOut(user);
    await localLogoutUntold(this.#config, user);
    if (user === this.#session.sub) this.#session.clear();
    await this.#userRemoval.tell(user);
    await this.#session.load("this-tab").catch(ignore);
    // From here on the server is told; whether it hears changes nothing here.
    if (!this.#config.untold.sessions.has(user)) return { server: "told" };
    try {
      return await (await loadServerLogout()).leaveServer(this.#parts(), user, sub, options);
    } catch (error) {
      return { server: "not_told", error: error as NetworkError };
    }
  };

  readonly users: Auth["users"] = async () => (await this.#users()).listUsers(this.#parts());

  /** One after the other: the tab is for the last one. */
  readonly switchUser: Auth["switchUser"] = (sub) => {
    const turn = this.#switched.then(async () =>
      (await this.#users()).switchUser(this.#parts(), sub),
    );
    this.#switched = turn.catch(ignore);
    return turn;
  };

  readonly forget: Auth["forget"] = async (sub) =>
    (await this.#usersOrLogout({ user: sub })).forget(this.#parts(), sub);

  readonly logoutAll: Auth["logoutAll"] = async () =>
    (await this.#usersOrLogout({})).logoutAll(this.#parts());

  /** The tokens are deleted even when the rest cannot be loaded. */
  async #usersOrLogout(who: LogoutOptions) {
    try {
      return await this.#users();
    } catch (error) {
      await this.logout({ ...who, endSession: "none" }).catch(ignore);
      throw error;
    }
  }

  /** What pages without a choice of people do without. */
  async #users() {
    this.#assertSupported();
    // Whose session cannot be used does not keep the others from theirs.
    await this.#open().catch(ignore);
    return chunk(import("./users/users.ts"));
  }

  #parts(): UsersParts {
    return {
      config: this.#config,
      session: this.#session,
      logins: this.#logins,
      userRemoval: this.#userRemoval,
      auth: this,
    };
  }

  async #onMessage(message: TabMessage): Promise<void> {
    const { type, key, from, sessionId } = message;
    const isOwn = from === this.#config.tab;
    // Whoever signed in or out here goes on here.
    if (type === "user") {
      if (isOwn) return;
      const { what } = message;
      if (what === "login") this.#logins.tell(({ automatic }) => automatic.loggedIn(key));
      else {
        void this.#userRemoval.tell(key);
        if ((this.#session.sub ?? key) === key) this.#logins.loggedOut(key);
      }
      return this.#session.onMessage(key, what).catch(this.#onUnread);
    }
    if (key !== this.#session.sub || (type !== "done" && type !== "ended")) return;
    if (type === "ended") this.#session.drop();
    // Whoever waits here for the same is told by the refresh itself.
    if (type === "done") await this.#silentTokens.usual?.catch(ignore);
    if (type === "done" && this.#session.hasGeneration(sessionId, message.generation)) return;
    const read = this.#session.load(isOwn ? "this-tab" : "other-tab");
    // The token at hand is good, whoever has a newer one.
    await read.catch(type === "done" ? ignore : this.#onUnread);
  }

  /** What other tabs did since is not known here: the next call reads the store again. */
  readonly #onUnread = (error: unknown): void => {
    this.#opened = undefined;
    this.#session.drop(error);
  };

  async #findToken(options: GetTokenOptions): Promise<string> {
    this.#assertSupported();
    const { prompt, signal, user } = options;
    signal?.throwIfAborted();
    // What cannot be read of this tab's person is no matter of others.
    const opened = user === undefined ? this.#open() : this.#open().catch(ignore);
    await abortable(Promise.all([opened, this.#logins.settled]), signal);
    let waitFor: Promise<unknown> | undefined;
    const isAsking = prompt !== undefined && prompt !== "none";
    let reason: unknown;
    try {
      if (!isAsking) {
        const token = await this.#silentToken(options);
        this.#logins.tell((logins) => logins.given(options));
        return token;
      }
    } catch (error) {
      const offered = needsUser(error) && this.#logins.loaded?.takeOffered(options);
      if (offered) return offered;
      waitFor = this.#logins.underWay;
      // Only a login that the app asks for undoes `forget()`.
      const mayAsk =
        waitFor ??
        (this.#config.page.canNavigate() && !(error as Partial<ForgottenError>).isForgotten);
      if (prompt === "none" || !needsUser(error) || !mayAsk) throw error;
      reason = error;
    }
    return (await this.#users()).tokenAfterLogin(this.#parts(), options, { waitFor, reason });
  }

  async #silentToken({ refused, ...options }: GetTokenOptions): Promise<string> {
    const { cache = "default", user } = options;
    const target = targetKey(options);
    let refusal: unknown;
    const isDefault =
      target === DEFAULT_TARGET && (user ?? this.#session.sub) === this.#session.sub;
    if (isDefault && cache === "default") {
      const good = this.#session.goodToken();
      if (good) return good;
      if (this.#session.isExpired()) {
        try {
          return await this.#silentTokens.renew(options, undefined);
        } catch (error) {
          if (!needsUser(error)) throw error;
          refusal = error;
        }
      }
    }
    const found = await this.#session.find(target, user);
    const isNews = refused !== undefined && found?.tokens.accessToken !== refused;
    if ((cache === "default" || isNews) && found && found.condition !== "dead") {
      if (found.condition === "aging") {
        this.#silentTokens.renew({ ...options, cache: "reload" }, found.tokens).catch(ignore);
      } else if (isDefault) {
        // Another tab got it, and its word did not reach this one.
        await this.#session.load("other-tab").catch(ignore);
      }
      return found.tokens.accessToken;
    }
    // The session that was refused is the one that is stored: asked again it would say the same.
    if (refusal !== undefined && !found) throw refusal;
    // Dead by the monotonic clock: the wall's word alone would have it served again.
    const revived = found && found.tokens.expiresAt > this.#config.clock.now();
    return this.#silentTokens.renew(
      { ...options, ...(revived && { cache: "reload" }) },
      found?.tokens,
    );
  }

  /** The first read of the store. One that failed is tried again by the next call. */
  #open(): Promise<void> {
    this.#opened ??= this.#session.load("stored").catch((error: unknown) => {
      this.#onUnread(error);
      throw error;
    });
    return this.#opened;
  }

  #assertSupported(): void {
    const problem = this.#config.page.unsupported();
    if (problem) throw problem;
  }
}

export const loadServerLogout = (): Promise<typeof ServerLogout> =>
  chunk(import("./logout/server-logout.ts"));
