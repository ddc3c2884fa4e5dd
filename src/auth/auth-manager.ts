import { asyncDispose } from "../core/async-dispose.ts";
import type { Auth } from "../core/auth.ts";
import type { GetTokenOptions, LogoutOptions } from "../core/auth-options.ts";
import type { AnonymousReason, AuthState } from "../core/auth-state.ts";
import { chunk } from "../core/lazy.ts";
import { checkLogoutParameters } from "../core/owned-logout-parameters.ts";
import { PromiseQueue } from "../core/promise-queue.ts";
import type { UserAgent } from "../core/user-agent.ts";
import type { TabMessage } from "../core/message.ts";
import { ActiveSession } from "./session/active-session.ts";
import { findToken } from "./find-token.ts";
import { followTab } from "./session/follow-tab.ts";
import { authorizedFetch } from "../fetch/send-authorized.ts";
import { deleteSession, loadServerLogout, logout } from "./logout/logout.ts";
import { LazyLogins } from "./login/lazy-logins.ts";
import { ignore, SilentTokens } from "./silent-tokens.ts";
import { createUserRemoval, type UserRemoval } from "./users/user-removal.ts";
import { reloadUser, watchUser } from "./users/watch-user.ts";
import { isCallback, logoutStateOf } from "./login/response-url.ts";
import type { AuthManagerConfig, UsersParts } from "./parts.ts";
import type { GetToken } from "../fetch/refused-tokens.ts";

/**
 * The implementation of `Auth` that `createAuth()` returns. An `AuthManager` reads the stored session, requests tokens from the
 * grant and publishes the state. Each method also works alone, as in `const { getToken } = manager`.
 * @throws ConfigurationError from the methods: Latchkey cannot work on this page. `Auth` lists the other errors
 */
export class AuthManager implements Auth {
  readonly #config: AuthManagerConfig;
  readonly #session: ActiveSession;
  readonly #logins: LazyLogins;
  #opened: Promise<void> | undefined;
  readonly #silentTokens: SilentTokens;
  readonly #userRemoval: UserRemoval;
  readonly #switches = new PromiseQueue();
  #unlisten: (() => void) | undefined;
  declare readonly [Symbol.asyncDispose]: Auth[typeof Symbol.asyncDispose];

  constructor(config: AuthManagerConfig) {
    Object.assign(this, { [asyncDispose]: async () => this.dispose() });
    this.#config = config;
    this.#session = new ActiveSession(config);
    this.#logins = new LazyLogins(config, this.#session);
    this.#silentTokens = new SilentTokens(config, this.#session, this.#logins);
    this.#userRemoval = createUserRemoval(config);
  }

  // While the cached token is fresh, this function only compares times. An async function would be slower.
  readonly getToken: Auth["getToken"] = (options) =>
    (options === undefined ? this.#session.goodToken() : undefined) ??
    this.#findToken(options ?? {});

  readonly fetch: Auth["fetch"] = async (input, init) => {
    this.#assertSupported();
    await this.#open();
    // A retry after a 401 uses a token of the same user, even if this tab has switched to another user since the first request.
    const user = this.#session.sub;
    const getToken: GetToken = (options) =>
      this.getToken({ ...options, ...(user !== undefined && { user }) });
    const { page, loadRefusedTokens } = this.#config;
    return authorizedFetch(getToken, page.href(), loadRefusedTokens)(input, init);
  };

  readonly getIdToken: Auth["getIdToken"] = async () => {
    this.#assertSupported();
    await this.#open();
    return this.#session.user && (await this.#session.idToken());
  };

  readonly onUserChange: Auth["onUserChange"] = (listener) =>
    this.#session.state.onUserChange(listener);

  readonly onUserRemoved: Auth["onUserRemoved"] = (listener) => this.#userRemoval.listen(listener);

  readonly subscribe: Auth["subscribe"] = (listener) => this.#session.state.subscribe(listener);

  get state(): AuthState {
    return this.#session.state.get();
  }

  readonly start: Auth["start"] = () => {
    const { page, channel, client, clock, redirectUri, postLogoutRedirectUri } = this.#config;
    const { silentSignOn } = this.#config;
    if (this.#unlisten) return;
    const error = page.unsupported();
    if (error) {
      if (!page.isDocument()) return;
      page.warn(error.message);
      return this.#session.state.set({ status: "unavailable", error });
    }
    this.#config.database?.open?.();
    const undo = [
      watchUser(this.#config, this.#session),
      channel.listen((message) => void this.#onMessage(message)),
      page.onActivation(() => (this.#logins.activatedAt = clock.now())),
      page.lifecycle.onEvent((event) => {
        // A frozen page misses the messages of other tabs. Therefore the session is read from the store again.
        const isBack = event === "pageshow" || event === "resume" || event === "visible";
        if (isBack && page.lifecycle.visible())
          void this.#session.load("stored").catch(this.#onUnread);
      }),
    ];
    this.#unlisten = () => undo.forEach((end) => end());
    const here = page.href();
    if (isCallback(here, redirectUri(), client)) {
      this.#opened = this.#logins.handle(undefined).then(ignore, ignore);
    } else {
      this.#opened = this.#open();
      this.#logins.tell((logins) => logins.cameBack(here));
      if (silentSignOn) void this.#opened.then(() => this.#signOn(silentSignOn)).catch(ignore);
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
    this.#session.tokenEnd.watch(undefined);
    this.#config.database?.close?.();
    this.#config.refresher.close?.();
  };

  readonly login: Auth["login"] = (options = {}) => {
    try {
      this.#assertSupported();
      // `open()` might open a popup. A browser allows popups only during a click, so no `await` comes before `open()`.
      const { userAgent = this.#config.userAgent, ...rest } = options;
      const request = { returnTo: this.#config.page.href(), ...rest };
      return this.#logins.startLogin(userAgent.open(), request).then(this.#config.readUser);
    } catch (error) {
      return Promise.reject(error);
    }
  };

  readonly handleCallback: Auth["handleCallback"] = async (url) => {
    this.#assertSupported();
    this.#logins.isHandledByApp = true;
    const result = await this.#logins.handle(url);
    const { readUser } = this.#config;
    return result && readUser ? { ...result, user: await readUser(result.user) } : result;
  };

  readonly getUser: Auth["getUser"] = async ({ cache } = {}) => {
    this.#assertSupported();
    await this.#open();
    if (cache === "reload") await reloadUser(this.#config, this.#session, this.getToken);
    return this.#session.user;
  };

  readonly logout: Auth["logout"] = async (options) => {
    this.#assertSupported();
    if (!options?.user) await this.#open();
    return logout(this.#parts(), options);
  };

  readonly users: Auth["users"] = async () => (await this.#users()).listUsers(this.#parts());

  /** Switches this tab to the user `sub`. Concurrent calls run one after the other, so the last call decides. */
  readonly switchUser: Auth["switchUser"] = (sub) =>
    this.#switches.run(async () => (await this.#users()).switchUser(this.#parts(), sub));

  readonly forget: Auth["forget"] = async (sub) =>
    (await this.#usersAfterLogout({ user: sub }, "forgotten")).forget(this.#parts(), sub);

  readonly logoutAll: Auth["logoutAll"] = async (options) => {
    checkLogoutParameters(options?.parameters);
    return (await this.#usersAfterLogout({})).logoutAll(this.#parts(), options);
  };

  /**
   * Deletes the session of `options.user` (default: this tab's user) while `users.ts` is loaded. If the load fails, also tells
   * the server of the logout, and throws the error.
   */
  async #usersAfterLogout(options: LogoutOptions, reason?: AnonymousReason) {
    this.#assertSupported();
    await this.#open().catch(ignore);
    const loading = this.#users();
    loading.catch(ignore);
    const { user = this.#session.sub } = options;
    // An error is ignored here, because `users.ts` deletes the session again and reports the error.
    if (user !== undefined) await deleteSession(this.#parts(), user, reason).catch(ignore);
    try {
      return await loading;
    } catch (error) {
      await this.logout({ ...options, endSession: "none" }).catch(ignore);
      throw error;
    }
  }

  /** Loads `users.ts` on demand, because apps with one user do not need the file. */
  async #users() {
    this.#assertSupported();
    // If this tab's session cannot be read, calls for other users must still work.
    await this.#open().catch(ignore);
    return chunk(import("./users/users.ts"));
  }

  async #signOn(how: UserAgent | "page"): Promise<void> {
    if (this.#session.user) return;
    const { signOnSilently } = await chunk(import("./login/silent-sign-on.ts"));
    await signOnSilently(this.#parts(), how);
  }

  #parts(): UsersParts {
    return {
      config: this.#config,
      session: this.#session,
      logins: this.#logins,
      userRemoval: this.#userRemoval,
    };
  }

  #onMessage(message: TabMessage): Promise<void> {
    const { tab } = this.#config;
    return followTab(
      { ...this.#parts(), tab, latestRefresh: this.#silentTokens.latest },
      message,
    ).catch(this.#onUnread);
  }

  /** Called when the store could not be read. Drops the cached token, so the next call reads the store again. */
  readonly #onUnread = (error: unknown): void => {
    this.#opened = undefined;
    this.#session.drop(error);
  };

  async #findToken(options: GetTokenOptions): Promise<string> {
    this.#assertSupported();
    const parts = { ...this.#parts(), getToken: this.getToken, silentTokens: this.#silentTokens };
    return findToken({ ...parts, opened: this.#open() }, options);
  }

  /** The first call reads this tab's session from the store. If the read fails, the next call reads the session again. */
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
