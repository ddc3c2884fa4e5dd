import type { CallbackResult } from "../../core/auth-options.ts";
import type { TokenRequest } from "../../core/grant.ts";
import { abortable } from "../../core/abortable.ts";
import type { LoginMark } from "../../core/login-marks.ts";
import { chunk, shared } from "../../core/lazy.ts";
import { parseUrl } from "../../core/same-origin.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { RoundTrip } from "../../core/user-agent.ts";
import type { User } from "../../core/user.ts";
import type { ActiveSession } from "../session/active-session.ts";
import { DEFAULT_TARGET } from "../../core/token-target.ts";
import type { LoginTab } from "./tab-marks.ts";
import type { Logins, LoginsConfig } from "./logins.ts";
import { stateOf } from "./response-url.ts";

/** Loads the class `Logins` on demand. While a user is signed in, a page usually does not need `Logins`. */
export class LazyLogins implements LoginTab {
  readonly #config: LoginsConfig;
  readonly #session: ActiveSession;
  /** The logins in progress, as promises. Each value is the token request of the login. */
  readonly #roundTrips = new Map<Promise<User>, TokenRequest>();
  #callback: Promise<unknown> = Promise.resolve();

  constructor(config: LoginsConfig, session: ActiveSession) {
    this.#config = config;
    this.#session = session;
    session.state.subscribe(() => this.tell((logins) => logins.follow()));
  }

  /** The time of the user's last click or key press on this page. Milliseconds since the epoch. */
  activatedAt: number = Number.NEGATIVE_INFINITY;

  isHandledByApp = false;

  /** The renewal of the session in a hidden frame that is in progress, if any. */
  renewal: Promise<boolean> | undefined;

  /** When a renewal in a hidden frame last failed. Milliseconds, by the monotonic clock. */
  renewalFailedAt: number = Number.NEGATIVE_INFINITY;

  /** The URL of the latest authorization response that `handle()` has received. */
  last: string | undefined;

  /** The loaded `Logins`. Undefined until `load()` has resolved. */
  loaded: Logins | undefined;

  /** Loads the code for logins. If the load fails and no user is signed in, the error becomes `state.error`. */
  readonly load: () => Promise<Logins> = shared(async () => {
    try {
      const { Logins } = await chunk(import("./logins.ts"));
      return (this.loaded = new Logins(this.#config, this.#session, this));
    } catch (error) {
      await this.#session.load("stored", error).catch(() => {});
      throw error;
    }
  });

  /** The latest login that is in progress. */
  get underWay(): Promise<User> | undefined {
    return [...this.#roundTrips.keys()].at(-1);
  }

  /** True while a login is in progress that the app started with `login()`. */
  get isAskedFor(): boolean {
    return [...this.#roundTrips.values()].some(
      ({ mayChoose, prompt }) => !mayChoose && prompt !== "none",
    );
  }

  /** Resolves when no authorization response is being handled. Never rejects. */
  get settled(): Promise<unknown> {
    return this.#callback;
  }

  /** Starts a login in the page, popup or frame of `roundTrip`. Closes the popup or frame when the login settles. */
  startLogin(roundTrip: RoundTrip, request: TokenRequest): Promise<User> {
    const login = this.#startLogin(roundTrip, request).finally(() => {
      roundTrip.close();
      this.#roundTrips.delete(login);
    });
    const { prompt = request.prompt } = roundTrip;
    this.#roundTrips.set(login, { ...request, ...(prompt && { prompt }) });
    return login;
  }

  /**
   * Called when `user` logs out. Stores a mark, a record of the logout. For 30 minutes, or until a click or key press, the mark
   * prevents automatic logins of `user` in this tab.
   */
  loggedOut(user: string): void {
    const { marks, clock } = this.#config;
    const mark: LoginMark = {
      user,
      target: DEFAULT_TARGET,
      at: clock.now(),
      outcome: "logged_out",
    };
    marks.write([...marks.read(), mark]);
  }

  /**
   * If this tab has a mark (record) of a logout, or of a login that failed or has not ended, loads `Logins` and calls `news`.
   * Otherwise does nothing, because `news` changes only such marks.
   */
  tell(news: (logins: Logins) => unknown): void {
    const isMarked = this.#config.marks.read().some((mark) => mark?.outcome !== "given");
    if (isMarked)
      this.load()
        .then(news)
        .catch(() => {});
  }

  #startLogin(roundTrip: RoundTrip, request: TokenRequest): Promise<User> {
    const login = async (): Promise<User> => {
      const logins = await abortable(this.load(), request.signal);
      return logins.startLogin(roundTrip, { ...request, stored });
    };
    const tellsWhy = (error: unknown) => this.loaded?.tellsWhy(error, roundTrip, request) ?? true;
    const isSilent = (roundTrip.prompt ?? request.prompt) === "none";
    const stored = isSilent
      ? // A silent login changes the state only if the login succeeds.
        login().then((user) => this.#session.load("login").then(() => user))
      : this.#session.trackLogin(login, tellsWhy);
    return stored;
  }

  /**
   * Handles an authorization response. Returns undefined if the URL has no response to a request of this client.
   * @param url the URL with the response. Default: the page's URL
   */
  async handle(url: string | undefined): Promise<CallbackResult | undefined> {
    const { page, client } = this.#config;
    // The page's URL is read before `load()`, because a router might replace the URL during the load.
    const given = parseUrl(url ?? page.href(), page.href());
    if (given && stateOf(given, client)) this.last = given.href;
    // An earlier call might have removed the response from the page's URL. Without `url`, this call therefore uses `last`.
    const response = (url === undefined && this.last) || (given?.href ?? url!);
    if (given && !stateOf(new URL(response), client)) return undefined;
    const result = this.load().then((logins) => logins.responses.handle(response));
    this.#callback = result.catch(() => {});
    return result;
  }

  /** Stores tokens that the grant returned without a login. Returns the tokens, with default values for missing members. */
  async storeTokens(...stored: Parameters<Logins["storeTokens"]>): Promise<TokenSet> {
    return (await this.load()).storeTokens(...stored);
  }
}
