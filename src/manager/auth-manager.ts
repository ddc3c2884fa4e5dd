import type {
  Auth,
  AuthState,
  CallbackResult,
  GetTokenOptions,
  LoginOptions,
  SignOutOptions,
} from "../core/auth.ts";
import { asAuthError, NoTokenError, RefreshTokenError } from "../core/errors.ts";
import type { TokenRequest } from "../core/grant.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { Trip, UserAgent } from "../core/user-agent.ts";
import type { User } from "../core/user.ts";
import { wantKey } from "../core/want.ts";
import { ActiveSession, USUAL_WANT, type ActiveSessionConfig } from "./active-session.ts";
import { authorizedFetch } from "./authorized-fetch.ts";
import { Callbacks, isCallback, type CallbacksConfig } from "./callbacks.ts";
import { endAtServer, type EndAtServerConfig } from "./end-at-server.ts";
import { SessionDesk, type SessionDeskConfig } from "./session-desk.ts";

export interface AuthManagerConfig
  extends ActiveSessionConfig, SessionDeskConfig, CallbacksConfig, EndAtServerConfig {
  /** The way `login()` goes when none is given. */
  readonly userAgent: UserAgent;
  /** Where authorization responses arrive; absolute. */
  readonly redirectUri: () => string;
}

/** Reads, asks the grant and publishes state; it does not refresh. Does nothing until `start()` or the first call. */
export class AuthManager implements Auth {
  readonly #config: AuthManagerConfig;
  readonly #session: ActiveSession;
  readonly #desk: SessionDesk;
  readonly #callbacks: Callbacks;
  #opened: Promise<void> | undefined;
  #unlisten: (() => void) | undefined;
  #leaving: Promise<User> | undefined;

  constructor(config: AuthManagerConfig) {
    this.#config = config;
    this.#session = new ActiveSession(config);
    this.#desk = new SessionDesk(config);
    this.#callbacks = new Callbacks(config, this.#session, this.#desk);
  }

  // Not an async function: with a good token at hand this is a comparison and nothing else.
  readonly getToken = (options?: GetTokenOptions): Promise<string> =>
    (options === undefined ? this.#session.goodToken() : undefined) ??
    this.#findToken(options ?? {});

  readonly fetch: Auth["fetch"] = authorizedFetch(
    this.getToken,
    () => new URL(this.#config.page.href()).origin,
  );

  readonly subscribe: Auth["subscribe"] = (listener) => this.#session.state.subscribe(listener);

  get state(): AuthState {
    return this.#session.state.get();
  }

  start(): void {
    const { page, channel, redirectUri } = this.#config;
    if (this.#unlisten || page.unsupported()) return;
    this.#unlisten = channel.listen((message) => {
      if (message.t === "claim" || (message.t !== "user" && message.k !== this.#session.sub))
        return;
      this.#session.load("other-tab").catch(ignore);
    });
    this.#opened = isCallback(page.href(), redirectUri())
      ? this.handleCallback().then(ignore, ignore)
      : this.#open();
    this.#opened.catch(ignore);
  }

  dispose(): void {
    this.#unlisten?.();
    this.#unlisten = undefined;
    this.#opened = undefined;
  }

  login(options: LoginOptions = {}): Promise<User> {
    try {
      this.#assertSupported();
      // Before the first await: a window may be opened in a click only.
      return this.#travel((options.userAgent ?? this.#config.userAgent).open(), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  handleCallback(url?: string): Promise<CallbackResult> {
    try {
      this.#assertSupported();
      return this.#callbacks.handle(url);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async getUser(): Promise<User | undefined> {
    this.#assertSupported();
    await this.#open();
    return this.#session.user;
  }

  async signOut(options?: SignOutOptions): Promise<void> {
    this.#assertSupported();
    const left = await this.#desk.checkOut();
    await this.#session.load("this-tab");
    // From here on the server is told; whether it hears changes nothing here.
    if (left) await endAtServer(left, this.#config, options);
  }

  async #findToken(options: GetTokenOptions): Promise<string> {
    this.#assertSupported();
    options.signal?.throwIfAborted();
    await this.#open();
    const { prompt, cache = "default" } = options;
    if (prompt !== undefined && prompt !== "none") return this.#tokenAfterLogin(options);
    const want = wantKey(options);
    const good = want === USUAL_WANT && cache === "default" ? this.#session.goodToken() : undefined;
    if (good) return good;
    const stored = await this.#session.find(want);
    if (cache === "default" && stored && stored.expiresAt > this.#config.clock.now()) {
      // The usual token is near its end, or it would have been given already.
      if (want === USUAL_WANT) this.#renew({ ...options, cache: "reload" }, stored).catch(ignore);
      return stored.accessToken;
    }
    try {
      return await this.#renew(options, stored);
    } catch (error) {
      if (prompt === "none" || !needsPerson(error) || !this.#config.page.canNavigate()) throw error;
      return this.#tokenAfterLogin(options);
    }
  }

  async #renew(options: GetTokenOptions, tokens: TokenSet | undefined): Promise<string> {
    const user = this.#session.sub;
    const request: TokenRequest = {
      ...options,
      ...(user !== undefined && { user }),
      ...(tokens && { tokens }),
    };
    try {
      const answer = await this.#config.grant.requestToken(request);
      // Tokens without a generation are not in the store yet.
      if (answer.generation === undefined) await this.#desk.checkIn(answer);
      await this.#session.load(answer.origin ?? "this-tab").catch(ignore);
      return answer.accessToken;
    } catch (error) {
      if (needsPerson(error)) await this.#session.load("other-tab").catch(ignore);
      else this.#session.stale();
      throw error;
    }
  }

  /** Goes to the login page, once for all who ask, and back to where the person is now. */
  async #tokenAfterLogin(options: GetTokenOptions): Promise<string> {
    const { signal, cache: _, ...want } = options;
    this.#leaving ??= this.login({ ...want, returnTo: this.#config.page.href() }).finally(() => {
      this.#leaving = undefined;
    });
    await this.#leaving;
    return this.#findToken({ ...want, prompt: "none", ...(signal && { signal }) });
  }

  async #travel(trip: Trip, options: LoginOptions): Promise<User> {
    try {
      this.#session.authenticating();
      const { userAgent: _, ...request } = options;
      const user = await this.#desk.checkIn(
        await this.#config.grant.requestToken({ ...request, trip }),
      );
      await this.#session.load("this-tab");
      return user;
    } catch (error) {
      await this.#session.load("other-tab", asAuthError(error)).catch(ignore);
      throw error;
    } finally {
      trip.close();
    }
  }

  /** The first read of the store. One that failed is tried again by the next call. */
  #open(): Promise<void> {
    this.#opened ??= this.#session.load("stored").catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  #assertSupported(): void {
    const problem = this.#config.page.unsupported();
    if (problem) throw problem;
  }
}

function needsPerson(error: unknown): boolean {
  return error instanceof NoTokenError || error instanceof RefreshTokenError;
}

function ignore(): undefined {
  return undefined;
}
